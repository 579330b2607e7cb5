"""What the example programs should find, worked out without Ticktie.

Each examples/<set>/expected.py reads the raw data again with nothing but the
standard library, judges the records in plain Python and prints the numbers
that a run of the program beside it must reach. This module holds what they
share: reading records so that every one is accounted for, exact values, keys,
totals, and the shape of the answer. It knows no SQL and shares no code with
Ticktie.
"""

import datetime
import gzip
import json
import pathlib
import re
import sys
import zoneinfo
from decimal import Decimal

UTC = datetime.timezone.utc
_FIELD = re.compile(r'("(?:[^"]|"")*"|[^,\n]*)(,|\n|\Z)')
_TSV_FIELD = re.compile(r'("(?:[^"]|"")*"|[^\t\n]*)(\t|\n|\Z)')


class Record:
    """One record of a source: its number over all files, its file, its fields."""

    def __init__(self, number, file, fields, refused=None):
        self.number = number
        self.file = file
        self.fields = fields
        self.refused = refused


def text_of(path):
    data = path.read_bytes()
    if data[:2] == b"\x1f\x8b":
        data = gzip.decompress(data)
    text = data.decode("utf-8-sig")
    return text.replace("\r\n", "\n")


def read_csv(root, pattern, names=None, tsv=False):
    """Read delimited files in name order; an empty field is None, quoted or not."""
    records = []
    number = 0
    for path in sorted(pathlib.Path(root).glob(pattern)):
        header = names
        for row in _rows(text_of(path), _TSV_FIELD if tsv else _FIELD):
            if header is None:
                header = [v if v is not None else "" for v in row]
                continue
            number += 1
            if len(row) != len(header):
                records.append(Record(number, path.name, {}, "ragged"))
            elif names is None and row == header:
                records.append(Record(number, path.name, {}, "repeated_header"))
            else:
                records.append(Record(number, path.name, dict(zip(header, row))))
    return records


def _rows(text, pattern):
    pos, row = 0, []
    while pos < len(text):
        m = pattern.match(text, pos)
        if m is None:
            raise ValueError("unbalanced quotes at character %d" % pos)
        raw, end = m.group(1), m.group(2)
        if raw.startswith('"'):
            row.append(raw[1:-1].replace('""', '"') or None)
        else:
            row.append(raw if raw != "" else None)
        pos = m.end()
        if end != ("\t" if pattern is _TSV_FIELD else ","):
            if row != [None]:
                yield row
            row = []


def read_json(root, pattern, records=None, explode=None):
    """Read JSON or JSON lines; numbers keep their text. With explode, one
    record for each element of that array, which replaces the array."""
    out = []
    number = 0
    for path in sorted(pathlib.Path(root).glob(pattern)):
        text = text_of(path)
        if records is None:
            objects = [_json(line) for line in text.split("\n") if line.strip()]
        else:
            objects = _json(text)[records]
        for obj in objects:
            parts = [obj]
            if explode is not None:
                parts = [dict(obj, **{explode: e}) for e in obj.get(explode) or []]
            for part in parts:
                number += 1
                out.append(Record(number, path.name, part))
    return out


def _json(text):
    return json.loads(text, parse_float=str, parse_int=str)


def at(value, path):
    """The scalar at a path like a.b[0].c in parsed JSON as text, or None. A path
    that leads through something that is no object or array refuses the record."""
    for step in re.findall(r"[^.\[\]]+|\[\d+\]", path):
        if value is None:
            return None
        if not isinstance(value, list if step.startswith("[") else dict):
            raise Refuse("structure")
        if step.startswith("["):
            i = int(step[1:-1])
            value = value[i] if i < len(value) else None
        else:
            value = value.get(step)
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    raise ValueError("%s is no scalar" % path)


class Refuse(Exception):
    def __init__(self, code):
        super().__init__(code)
        self.code = code


def text(s, trim=False, lower=False, nulls=()):
    if s is None or s in nulls:
        return None
    if trim:
        s = s.strip(" ")
        if s in nulls or s == "":
            return None
    return s.lower() if lower else s


def decimal(s, scale=2, precision=18):
    """An exact decimal, or refused: nothing is rounded, cut or guessed."""
    if s is None:
        return None
    s = s.strip(" ")
    if s == "":
        return None
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", s):
        raise Refuse("bad_value")
    d = Decimal(s)
    q = d.quantize(Decimal(1).scaleb(-scale))
    if q != d:
        raise Refuse("rounded")
    if abs(q).scaleb(scale) >= Decimal(10) ** precision:
        raise Refuse("bad_value")
    return q


def integer(s):
    if s is None or s.strip(" ") == "":
        return None
    if not re.fullmatch(r"[+-]?\d+", s.strip(" ")):
        raise Refuse("bad_value")
    return int(s)


def date(s, fmt="%Y-%m-%d"):
    if s is None:
        return None
    try:
        return datetime.datetime.strptime(s, fmt).date()
    except ValueError:
        raise Refuse("bad_value") from None


def timestamp(s, zone="UTC", fmt=None):
    """An instant in UTC; a time without an offset is local to zone."""
    if s is None:
        return None
    try:
        t = datetime.datetime.strptime(s, fmt) if fmt else datetime.datetime.fromisoformat(s)
    except ValueError:
        raise Refuse("bad_value") from None
    if t.tzinfo is None:
        z = zoneinfo.ZoneInfo(zone)
        a = t.replace(tzinfo=z, fold=0)
        b = t.replace(tzinfo=z, fold=1)
        if a.utcoffset() != b.utcoffset():
            back = a.astimezone(UTC).astimezone(z).replace(tzinfo=None)
            raise Refuse("double_local_time" if back == t else "impossible_local_time")
        t = a
    return t.astimezone(UTC)


def boolean(s, true=("true",), false=("false",)):
    if s is None:
        return None
    if s in true:
        return True
    if s in false:
        return False
    raise Refuse("bad_value")


def key_text(v):
    """One part of a key: decimals at their scale, times in UTC with microseconds."""
    if isinstance(v, datetime.datetime):
        return v.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(v, bool):
        return "true" if v else "false"
    return str(v)


def key(*parts):
    """A canonical key: a JSON array of texts."""
    return json.dumps([key_text(p) for p in parts], ensure_ascii=False, separators=(",", ":"))


class Population:
    """Items of a population: rows of exact values in source order.

    make(record) returns a dict of values or raises Refuse; required columns
    refuse their absence; day(row) is the local day of the event.
    """

    def __init__(self, ident, records, make, key, required=(), day=None,
                 first=None, last=None, outside="refuse", totals=()):
        self.id = ident
        self.read = len(records)
        self.refused_by = {}
        self.left_out = 0
        self.key = key
        self.totals = totals
        self.tie_outs = {}
        rows = []
        for r in records:
            try:
                if r.refused:
                    raise Refuse(r.refused)
                row = make(r)
                for c in required:
                    if row[c] is None:
                        raise Refuse("absent_required")
                if key != "position" and any(row[c] is None for c in key):
                    raise Refuse("absent_key")
                if day is not None:
                    d = day(row)
                    if d is None:
                        raise Refuse("absent_time")
                    row["_day"] = d
                    if not (first <= str(d) <= last):
                        if outside == "leave_out":
                            self.left_out += 1
                            continue
                        raise Refuse("outside_period")
            except Refuse as e:
                self._refuse(e.code)
                continue
            row["_record"] = r.number
            row["_file"] = r.file
            rows.append(row)
        self.items = rows if key == "position" else self._unique(rows)
        for i, row in enumerate(self.items):
            row["item"] = i

    def _refuse(self, code):
        self.refused_by[code] = self.refused_by.get(code, 0) + 1

    def _unique(self, rows):
        groups = {}
        for row in rows:
            groups.setdefault(tuple(row[c] for c in self.key), []).append(row)
        keep = []
        for row in rows:
            group = groups[tuple(row[c] for c in self.key)]
            same = all(_content(g) == _content(group[0]) for g in group)
            if len(group) == 1 or (same and row is group[0]):
                keep.append(row)
            else:
                self._refuse("repeated_key")
        return keep

    def key_of(self, row):
        if self.key == "position":
            return key(row["item"] + 1)
        return key(*(row[c] for c in self.key))

    def compare(self, tie_out, ours, theirs):
        self.tie_outs[tie_out] = "agrees" if ours == theirs else "differs"

    def answer(self):
        totals = {}
        for c in self.totals:
            values = [r[c] for r in self.items if r[c] is not None]
            if values:
                totals[c] = str(sum(values[1:], values[0]))
        return {
            "read": self.read,
            "items": len(self.items),
            "refused": sum(self.refused_by.values()),
            "refused_by": dict(sorted(self.refused_by.items())),
            "left_out": self.left_out,
            "totals": totals,
            "tie_outs": self.tie_outs,
        }


def _content(row):
    return {k: v for k, v in row.items() if not k.startswith("_")}


MET, DEVIATION = "met", "deviations"
NOT_EVALUABLE, NOT_APPLICABLE = "not_evaluable", "not_applicable"


def truth(v):
    """True is met, False a deviation, None not evaluable."""
    return NOT_EVALUABLE if v is None else MET if v else DEVIATION


def test(population, rows=None, key_of=None, **attributes):
    """Judge every row by every attribute, a function of the row that returns
    one of the four judgements, or True, False or None."""
    rows = population.items if rows is None else rows
    key_of = key_of or population.key_of
    out = {"items": len(rows), "attributes": {}, "deviation_keys": {}}
    for name, judge in sorted(attributes.items()):
        counts = {MET: 0, DEVIATION: 0, NOT_EVALUABLE: 0, NOT_APPLICABLE: 0}
        keys = []
        for row in rows:
            j = judge(row)
            if j is None or isinstance(j, bool):
                j = truth(j)
            counts[j] += 1
            if j == DEVIATION and len(keys) < 20:
                keys.append(key_of(row))
        out["attributes"][name] = counts
        out["deviation_keys"][name] = keys
    return out


def group(rows, *columns):
    """Rows by the values of columns."""
    groups = {}
    for row in rows:
        groups.setdefault(tuple(row[c] for c in columns), []).append(row)
    return groups


def emit(populations, tests):
    answer = {"populations": {p.id: p.answer() for p in populations}, "tests": tests}
    json.dump(answer, sys.stdout, indent=2, sort_keys=True, ensure_ascii=False)
    sys.stdout.write("\n")


def data_dir():
    if len(sys.argv) != 2:
        sys.exit("usage: expected.py DATA-DIRECTORY")
    return pathlib.Path(sys.argv[1])
