"""Values as bytes, and back: exact and bounded. Nothing is unpickled, imported by name, or evaluated.

    data  = count of nodes, nodes, child        a node may hold itself, and be held twice
    node  = tag, count of its parts, parts      kinds.py, arrays.py and tables.py say which kinds there are
    child = a leaf, or a reference to a node or to an object that both sides know

A part is a child. Counts are LEB128. What stands in no table is handed over by name (`hand_over`), and met on
the other side (`meet`): a function, an object of a class of one's own. Reader and writer use no recursion, so that
no depth of nesting ends them.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from travel import arrays, kinds, tables
from travel.kinds import BadValue, CannotTravel, Kind
from travel.leaves import KNOWN, MAX_BYTES, NODE, Classes, Ref, Source, put_count, put_leaf, too_large

MAX_NODES = 1_000_000
HANDED = b"H"
KINDS: dict[type, Kind] = {**kinds.KINDS, **arrays.KINDS}
TAGS = {kind.tag: kind for kind in (*KINDS.values(), arrays.OBJECTS)}

HandOver = Callable[[Any], Sequence[Any]]
Meet = Callable[[Sequence[Any]], Any]


def _refuse(value: Any) -> Sequence[Any]:
    raise CannotTravel(f"a value of type {type(value).__name__[:80]} does not travel")


def _unknown(parts: Sequence[Any]) -> Any:
    raise BadValue("an object was handed over where none is taken")


class Wire:
    """One side's way to write values and to read them.

    hand_over: an object that is no value -> the parts that tell of it; CannotTravel where it may not.
    meet: these parts -> what stands for it here. classes: see Classes; it may grow. most: bytes of what is written.
    """

    def __init__(
        self,
        hand_over: HandOver = _refuse,
        meet: Meet = _unknown,
        classes: Classes | None = None,
        most: int = MAX_BYTES,
    ) -> None:
        self._hand_over, self._meet, self._most = hand_over, meet, most
        self.read_gaps = False  # of anything that was read: tables.has_gaps
        self._classes: Classes = {} if classes is None else classes
        self._named = {kind.tag: kind for kind in kinds.of_classes(self._classes)}

    def write(self, value: Any, known: Sequence[Any] = ()) -> tuple[bytes, list[Any]]:
        """The value as bytes, and the objects in it that can be changed, in an order that its reader finds too.

        known: objects of the other side's own, which are only referred to. CannotTravel where it is too large.
        """
        at_home = {id(one): number for number, one in enumerate(known)}
        indexes: dict[int, int] = {}
        nodes: list[Any] = []
        changeable: list[Any] = []
        out = bytearray()

        def put(part: Any) -> None:
            if put_leaf(out, part, self._classes):
                return
            key = id(part)
            if key in at_home:
                out.append(KNOWN)
                put_count(out, at_home[key])
                return
            if key not in indexes:
                if len(nodes) == MAX_NODES:
                    raise CannotTravel(f"a value of more than {MAX_NODES} objects does not travel")
                indexes[key] = len(nodes)
                nodes.append(part)
            out.append(NODE)
            put_count(out, indexes[key])

        put(value)
        root = bytes(out)
        out.clear()
        for node in nodes:  # which grows
            kind = self._kind(node)
            if kind is None:
                tag, parts = HANDED, self._hand_over(node)
            else:
                tag, parts = kind.tag, kind.parts(node)
                if kind.fill is not None:
                    changeable.append(node)
            out += tag
            put_count(out, len(parts))
            if len(out) + len(parts) > self._most:  # each takes a byte at least
                raise too_large()
            for part in parts:
                put(part)
            if len(out) > self._most:
                raise too_large()
        if len(root) > self._most:
            raise too_large()
        head = bytearray()
        put_count(head, len(nodes))
        return bytes(head + out) + root, changeable

    def _kind(self, value: Any) -> Kind | None:
        kind = KINDS.get(type(value))
        if kind is not None:
            more: Sequence[Kind] = (kind, arrays.OBJECTS)
        else:
            more = (*tables.kinds_of(type(value)), *self._named.values())
        return next((one for one in more if one.holds(value)), None)

    def read(self, data: bytes, known: Sequence[Any] = ()) -> tuple[Any, list[Any]]:
        """The value of bytes, and the objects in it that can be changed; BadValue for anything else."""
        if len(data) > 2 * MAX_BYTES:
            raise BadValue("more bytes than a value may have")
        source = Source(data)
        try:
            nodes = [self._node(source, known) for _ in range(source.count(MAX_NODES))]
            root = source.child(known, len(nodes), self._classes)
            if not source.at_end:
                raise BadValue("bytes are left over")
            made = _Made(nodes)
            self.read_gaps = self.read_gaps or any(map(tables.has_gaps, made.objects))
            return made.of(root), made.changeable()
        except Exception as error:  # whatever these bytes have made a kind of value say
            raise error if isinstance(error, BadValue) else BadValue(f"{type(error).__name__}: {error}") from None

    def change(self, target: Any, fresh: Any) -> None:
        """Give an object that can be changed what is in another of its type; BadValue where that does not fit."""
        kind = self._kind(target)
        if type(target) is not type(fresh) or kind is None or kind.fill is None:
            raise BadValue("an argument came back as another type")
        try:
            kind.fill(target, kind.parts(fresh))
        except (ValueError, TypeError) as error:
            raise BadValue(str(error)) from None

    def copy(self, target: Any) -> Any:
        """Another object of the same type with the same in it, which may be written in its place."""
        kind = self._kind(target)
        assert kind is not None and kind.fill is not None
        parts = kind.parts(target)
        made = kind.make(parts)
        if kind.shell:
            kind.fill(made, parts)
        return made

    def _node(self, source: "Source", known: Sequence[Any]) -> tuple[Kind, list[Any]]:
        tag = source.take(1)
        parts = [source.child(known, MAX_NODES, self._classes) for _ in range(source.count(len(source.data)))]
        if tag == HANDED:
            return Kind(HANDED, list, self._meet), parts
        kind = TAGS.get(tag) or self._named.get(tag) or tables.of_tag(tag)
        if kind is None:
            raise BadValue(f"no value begins with {tag!r}")
        return kind, parts


class _Made:
    """The objects of nodes: the shells of what can hold itself, then what needs its parts, then what fills them."""

    def __init__(self, nodes: Sequence[tuple[Kind, list[Any]]]) -> None:
        self._nodes = nodes
        self._objects: dict[int, Any] = {i: k.make(p) for i, (k, p) in enumerate(nodes) if k.shell}
        for index in range(len(nodes)):
            self._build(index)
        for index, (kind, parts) in enumerate(nodes):
            if kind.shell and kind.fill is not None:
                kind.fill(self._objects[index], [self.of(part) for part in parts])

    @property
    def objects(self) -> Iterable[Any]:
        return self._objects.values()

    def of(self, part: Any) -> Any:
        return self._objects[part.index] if type(part) is Ref else part

    def changeable(self) -> list[Any]:
        return [self._objects[index] for index, (kind, _) in enumerate(self._nodes) if kind.fill is not None]

    def _build(self, index: int) -> None:
        """Make a node whose parts must be there first, and these before it."""
        waiting, open_ = [index], set()
        while waiting:
            at = waiting[-1]
            kind, parts = self._nodes[at]
            missing = [part.index for part in parts if type(part) is Ref and part.index not in self._objects]
            if at in self._objects or not missing:
                waiting.pop()
                if at not in self._objects:
                    self._objects[at] = kind.make([self.of(part) for part in parts])
            elif at in open_:
                raise BadValue("a value that cannot hold itself does")
            else:
                open_.add(at)
                waiting += missing
