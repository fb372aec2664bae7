"""The saved model, best_net.npz. Each of these costs T12 at most."""

import io
import pickle
import struct
import zipfile

import numpy as np

from tests.damaged.case import MODEL, Hand, deserves


def arrays(hand: Hand) -> dict[str, np.ndarray]:
    """The model's arrays."""
    with np.load(io.BytesIO(hand.files[MODEL]), allow_pickle=False) as found:
        return {name: found[name] for name in found.files}


def save(hand: Hand, found: dict[str, np.ndarray]) -> None:
    """Save arrays as the model."""
    packed = io.BytesIO()
    np.savez(packed, **found)  # type: ignore[arg-type]
    hand.files[MODEL] = packed.getvalue()


def declare(hand: Hand, shape: str, body: bytes) -> None:
    """A model of one array whose header declares a shape."""
    header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}}}".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("W1.npy", b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body)
    hand.files[MODEL] = packed.getvalue()


@deserves("T12", says=("T12", "best_net.npz was not handed in"))
def model_missing(hand: Hand) -> None:
    """best_net.npz was forgotten."""
    del hand.files[MODEL]


@deserves("T12", says=("T12", "best_net.npz cannot be read"), told="best_net.npz: cannot be read")
def model_cut_off(hand: Hand) -> None:
    """The upload broke off."""
    hand.files[MODEL] = hand.files[MODEL][:1000]


@deserves("T12", says=("T12", "best_net.npz cannot be read"), told="best_net.npz: cannot be read")
def model_empty(hand: Hand) -> None:
    """A file of 0 bytes."""
    hand.files[MODEL] = b""


@deserves("T12", says=("T12", "it holds no arrays"), told="it holds no arrays")
def model_without_arrays(hand: Hand) -> None:
    """Only the name of the class was saved."""
    save(hand, {"class_name": np.array("TwoLayerNet")})


@deserves("T12", says=("T12", "do not fit the network"))
def model_of_wrong_shapes(hand: Hand) -> None:
    """W1 is transposed."""
    found = arrays(hand)
    save(hand, found | {"W1": found["W1"].T})


@deserves(
    "T12",
    says=("T12", "W2 in best_net.npz has values that are nan or infinity"),
    told="W2 has entries that are not finite numbers",
)
def model_with_nan(hand: Hand) -> None:
    """The training had diverged: W2 is full of NaN."""
    found = arrays(hand)
    save(hand, found | {"W2": np.full_like(found["W2"], np.nan)})


@deserves()
def model_in_float32(hand: Hand) -> None:
    """Saved in single precision: just as good."""
    save(hand, {k: v.astype(np.float32) if v.dtype == np.float64 else v for k, v in arrays(hand).items()})


@deserves("T12", says=("T12", "holds Python objects"), told="holds Python objects")
def model_of_objects(hand: Hand) -> None:
    """The params dict was saved as one object: it would have to be unpickled, which never happens."""
    save(hand, {"params": np.array(arrays(hand), dtype=object)})


@deserves("T12", says=("T12", "best_net.npz cannot be read"), told="best_net.npz: cannot be read")
def model_that_is_a_pickle(hand: Hand) -> None:
    """pickle.dump in place of np.savez."""
    hand.files[MODEL] = pickle.dumps({name: array.tolist() for name, array in arrays(hand).items()})


@deserves("T12", says=("T12", "too many for a model"), told="too many for a model")
def model_that_declares_10_gb(hand: Hand) -> None:
    """1 KB of bytes, 10 GB in the header."""
    declare(hand, "(1250000000,)", bytes(1024))


@deserves("T12", says=("T12", "is cut short or has bytes left over"), told="is cut short or has bytes left over")
def model_shorter_than_declared(hand: Hand) -> None:
    """The header promises more values than there are."""
    declare(hand, "(784, 30)", bytes(80))


@deserves("T12", says=("T12", "is 65 MB large"), told="65 MB is over the limit of 64 MB")
def model_of_65_mb(hand: Hand) -> None:
    """A model larger than the limit."""
    del hand.files[MODEL]
    with (hand.folder / MODEL).open("wb") as file:
        file.truncate(65 << 20)


@deserves(says=("T12", "was found as best_net (1).npz"), told="best_net.npz was found as best_net (1).npz")
def model_with_another_name(hand: Hand) -> None:
    """The browser put (1) into the name; it is the only .npz there."""
    hand.rename(MODEL, "best_net (1).npz")


@deserves(says=("T12", "was found as models/best_net.npz"), told="best_net.npz was found as models/best_net.npz")
def model_in_a_sub_folder(hand: Hand) -> None:
    """The model lies in a folder of its own."""
    hand.rename(MODEL, f"models/{MODEL}")


@deserves("T12", says=("T12", "best_net.npz was not handed in"))
def two_models_with_other_names(hand: Hand) -> None:
    """Two .npz files, neither of the right name: which one is meant?"""
    hand.files |= {"a.npz": hand.files[MODEL], "b.npz": hand.files.pop(MODEL)}
