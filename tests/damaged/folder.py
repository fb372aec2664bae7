"""What is in the folder is no plain file, or the folder itself is odd."""

import os
import socket
import stat

from tests.damaged.case import BASIC_TASKS, BASICS, MODEL, NETWORK, NOBODY, OF_CLASS, Hand, deserves


@deserves(folder="สมชาย ใจดี (กลุ่ม ๒)")
def folder_with_spaces_and_thai_letters(hand: Hand) -> None:
    """The student's folder has spaces, brackets and Thai letters in its name."""


@deserves(*OF_CLASS, says=("T5", "as a link or a special file"), told="not a plain file but a link")
def notebook_is_a_link(hand: Hand) -> None:
    """The second notebook is a link to the source notebook, answers and all: it is not followed."""
    del hand.files[NETWORK]
    (hand.folder / NETWORK).symlink_to(hand.folder.parents[2] / "source" / "hw4" / NETWORK)


@deserves(
    *BASIC_TASKS, says=("T1", "as a link or a special file"), told="not a plain file but a link", marks={"T4": NOBODY}
)
def link_to_nowhere(hand: Hand) -> None:
    """The first notebook is a link to a file on the student's own disk."""
    del hand.files[BASICS]
    (hand.folder / BASICS).symlink_to(f"/Users/somchai/Desktop/{BASICS}")


@deserves(says=("T1", "as a link or a special file"), told="gradebook.db: not a plain file but a link")
def link_to_the_gradebook(hand: Hand) -> None:
    """A link to the gradebook lies beside the notebooks: plain nbgrader hands its content back with the feedback."""
    (hand.folder / "gradebook.db").symlink_to(hand.folder.parents[2] / "gradebook.db")


@deserves("T12", says=("T12", "as a link or a special file"), told="best_net.npz: not a plain file but a link")
def model_is_a_link(hand: Hand) -> None:
    """The model is a link."""
    (hand.folder / "weights.bin").write_bytes(hand.files.pop(MODEL))
    (hand.folder / MODEL).symlink_to("weights.bin")


@deserves(says=("T1", "as a link or a special file"), told="all: not a plain file but a link")
def linked_folder(hand: Hand) -> None:
    """A folder is a link to the folder of all submissions."""
    (hand.folder / "all").symlink_to(hand.folder.parents[1])


@deserves(says=("T1", "as a link or a special file"), told="data: not a plain file but a pipe")
def named_pipe(hand: Hand) -> None:
    """A pipe lies beside the notebooks: who reads it waits for ever."""
    os.mkfifo(hand.folder / "data")


@deserves(*OF_CLASS, says=("T5", "as a link or a special file"), told="not a plain file but a pipe")
def notebook_is_a_pipe(hand: Hand) -> None:
    """The second notebook is a pipe."""
    del hand.files[NETWORK]
    os.mkfifo(hand.folder / NETWORK)


@deserves(says=("T1", "as a link or a special file"), told="talk: not a plain file but a socket")
def unix_socket(hand: Hand) -> None:
    """A socket lies beside the notebooks."""
    here = os.getcwd()
    os.chdir(hand.folder)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind("talk")
    finally:
        os.chdir(here)


@deserves(says=("T1", "as a link or a special file"), told="zeros: not a plain file but a device")
def device(hand: Hand) -> None:
    """A device lies beside the notebooks."""
    os.mknod(hand.folder / "zeros", stat.S_IFCHR | 0o666, os.makedev(1, 3))


@deserves(*OF_CLASS, says=("T5", "could not be opened"), told="cannot be read (Permission denied)")
def no_permission_to_read_the_notebook(hand: Hand) -> None:
    """Nobody may read the second notebook."""
    path = hand.folder / NETWORK
    path.write_bytes(hand.files.pop(NETWORK))
    path.chmod(0)


@deserves(says=("T1", "could not be opened"), told="mine: cannot be read (Permission denied)")
def no_permission_to_open_a_folder(hand: Hand) -> None:
    """Nobody may look into a folder beside the notebooks."""
    (hand.folder / "mine").mkdir(mode=0)


@deserves(*BASIC_TASKS, says=("T1", "was not handed in"), told="1-basics.ipynb is missing", marks={"T4": NOBODY})
def folder_with_the_notebooks_name(hand: Hand) -> None:
    """1-basics.ipynb is a folder."""
    del hand.files[BASICS]
    hand.files[f"{BASICS}/readme.md"] = b"inside"


@deserves(
    says=("T1", "A submission may have 200 files of 128 MB together"),
    told="a submission may have 200 files of 128 MB together",
)
def three_hundred_files(hand: Hand) -> None:
    """A whole data set was handed in with the notebooks."""
    hand.files |= {f"frames/{number:03}.csv": b"1" for number in range(300)}


@deserves()
def file_name_that_is_no_text(hand: Hand) -> None:
    """A file's name has bytes that are no UTF-8."""
    with open(os.path.join(os.fsencode(hand.folder), b"\xa1\xd2\xc3\xba\xe9\xd2\xb9.csv"), "wb") as file:
        file.write(b"1")
