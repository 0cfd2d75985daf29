"""What a run file says of its run beside the tables."""

import json
import struct
import zlib
from dataclasses import dataclass, field

_WITH_RESOLVED_JOB = 2  # format version
_LIMITS = ("members", "reports", "resource", "seconds", "target", "max_resource")  # attributes limit_...


@dataclass(frozen=True)
class Parameter:
    """A hyperparameter of the search space."""

    name: str
    column: str  # its column in /members: the name, or name_ where that would clash
    type: str  # real, integer, ordinal or categorical
    low: float = None
    high: float = None
    scale: str = "linear"
    choices: tuple = ()  # of ordinal and categorical ones, as texts
    role: str = "mutable"
    when: tuple = field(default=(), repr=False)

    @property
    def numeric(self):
        return not self.choices


@dataclass(frozen=True)
class Metric:
    """What trainings report."""

    name: str
    column: str  # in /reports
    units_column: str  # in /units
    held_out: bool  # recorded, but no decision saw it


@dataclass(frozen=True)
class Header:
    """What does not change while a run goes on."""

    name: str
    run_id: str
    seed: int
    metric: str
    maximize: bool
    unit: str  # of a resource: epoch or step
    program_version: str
    git_hash: str
    started_unix: float  # seconds since 1970
    job: str  # the job file
    overrides: str
    space: dict


def text_of(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def larger_is_better(attributes):
    """Format 1 spells the attribute in the British way."""
    return bool(attributes["maximize"] if "maximize" in attributes else attributes["maximise"])


def read_header(file):
    """Raises KeyError or ValueError for what is damaged."""
    attributes = file.attrs
    text = {
        name: text_of(attributes[name]) for name in ("name", "run_id", "metric", "unit", "program_version", "git_hash")
    }
    if header_crc32(file) != int(attributes["header_crc32"]):
        raise ValueError("the header's checksum is wrong")
    return Header(
        **text,
        seed=int(attributes["seed"]),
        maximize=larger_is_better(attributes),
        started_unix=float(attributes["started_unix"]),
        job=text_of(file["job"][()]),
        overrides=text_of(file["overrides"][()]),
        space=json.loads(text_of(file["space"][()])),
    )


def read_parameters(file, space, columns):
    """`columns`: function from names to their columns in /members."""
    described = {item["name"]: item for item in space.get("parameters", ())}
    names = [text_of(name) for name in file["parameter_names"][:]]
    return tuple(_parameter(name, column, described.get(name, {})) for name, column in zip(names, columns(names)))


def read_metrics(file, of_reports, of_units):
    """The functions give the columns of names in /reports and /units."""
    names = [text_of(name) for name in file["metric_names"][:]]
    return tuple(
        Metric(name, column, of_unit, bool(held_out))
        for name, column, of_unit, held_out in zip(
            names, of_reports(names), of_units(names), file["metric_held_out"][:]
        )
    )


def literal_text(value):
    """A number, truth value or text of a job file, as the program writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _parameter(name, column, item):
    return Parameter(
        name,
        column,
        item.get("type", "real"),
        item.get("low"),
        item.get("high"),
        item.get("scale") or "linear",
        tuple(map(literal_text, item.get("choices") or ())),
        item.get("role") or "mutable",
        tuple(map(str, item.get("when") or ())),
    )


def header_crc32(file):
    """The required form of the attribute of that name."""
    attributes, out = file.attrs, bytearray()

    def put(text):
        raw = text.encode() if isinstance(text, str) else bytes(text)
        out.extend(struct.pack("<I", len(raw)) + raw)

    for text in (
        attributes["run_id"],
        attributes["name"],
        file["job"][()],
        file["overrides"][()],
        attributes["program_version"],
        attributes["git_hash"],
        attributes["metric"],
        attributes["unit"],
        file["space"][()],
    ):
        put(text)
    out += struct.pack(
        "<QdBI",
        int(attributes["seed"]),
        float(attributes["started_unix"]),
        int(larger_is_better(attributes)),
        file["parameter_names"].shape[0],
    )
    for name in file["parameter_names"][:]:
        put(name)
    for name, held_out in zip(file["metric_names"][:], file["metric_held_out"][:]):
        put(name)
        out.append(int(held_out))
    if len(attributes.get("machines", b"")):  # older files have none
        put(attributes["machines"])
    if int(attributes["format_version"]) >= _WITH_RESOLVED_JOB:
        put(file["job_resolved"][()])
        limits = (attributes[f"limit_{name}"].item() for name in _LIMITS)
        out += struct.pack("<IQQQddq", int(attributes["rules_version"]), *limits)
    return zlib.crc32(out)
