#!/usr/bin/env python3
"""Proves an export of an Entrepot journal without Entrepot: python3 and openssl are all it needs.

usage: journal-verify.py EXPORT.jsonl [PUBLIC-KEY.pem]

EXPORT is what 'entrepot audit export' wrote. PUBLIC-KEY is what 'entrepot audit checkpoint --key' printed when you noted
it: without it the export is believed about its own key, which proves that it is whole, not whose it is.
Exit code 0: all is proven. 1: the first entry that is not proven is named. 2: this is no export.
The format is in docs/reference/journal.md.
"""
import base64, datetime, hashlib, json, os, struct, subprocess, sys, tempfile

SPKI = bytes.fromhex("302a300506032b6570032100")  # RFC 8410: Ed25519 public key follows


class Broken(Exception):
    pass


def once(pairs):
    """No name stands twice: readers would differ on which counts."""
    check(len(dict(pairs)) == len(pairs), "a name stands twice in one line")
    return dict(pairs)


def check(holds, message):
    if not holds:
        raise Broken(message)


def fields(salt, *texts):
    """A commitment: SHA-256 of a salt and the fields, each after its length."""
    data = bytes.fromhex(salt)
    for text in texts:
        raw = text.encode()
        data += struct.pack(">I", len(raw)) + raw
    return hashlib.sha256(data).hexdigest()


def chain(previous, e):
    """An entry's hash: SHA-256 of the hash before it and of what says when, what, how it ended, and of both commitments."""
    action, result = e["action"].encode(), e["result"].encode()
    return hashlib.sha256(
        previous + b"\x01" + struct.pack(">qq", e["sequence"], e["at"])
        + struct.pack(">H", len(action)) + action + struct.pack(">H", len(result)) + result
        + bytes.fromhex(e["identity"]) + bytes.fromhex(e["content"])).digest()


def pem(key):
    return "-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n" % base64.b64encode(SPKI + key).decode()


def is_signed(statement, signature, key):
    with tempfile.TemporaryDirectory() as folder:
        for name, data in (("m", statement.encode()), ("s", signature), ("k", pem(key).encode())):
            with open(os.path.join(folder, name), "wb") as file:
                file.write(data)
        answer = subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "k", "-in", "m", "-sigfile", "s"], cwd=folder, capture_output=True)
        return answer.returncode == 0


def ecs(at, kind, type, action, outcome, sequence, own):
    """The ECS fields around what is proven; they follow from it."""
    time = datetime.datetime.fromtimestamp(at // 1000, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + ".%03dZ" % (at % 1000)
    return {"@timestamp": time, "ecs": {"version": "8.11.0"},
            "event": {"kind": kind, "category": ["configuration"], "type": [type], "dataset": "entrepot.journal",
                      "action": action, "outcome": outcome, "sequence": sequence}, "entrepot": own}


def milliseconds(text):
    time = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=datetime.timezone.utc)
    return (time - datetime.datetime.fromtimestamp(0, datetime.timezone.utc)) // datetime.timedelta(milliseconds=1)


class Export:
    def __init__(self, begin, line, known_key):
        self.begin, self.line = begin, line
        self.journal, self.key = begin["journal"], bytes.fromhex(begin["public_key"])
        self.first, self.hash = begin["first"], bytes.fromhex(begin["previous"])
        self.last, self.signed, self.signed_at, self.signed_first = self.first - 1, 0, None, self.first
        self.anchored = self.first == 1 and begin["previous"] == self.journal
        self.covered, self.last_covered, self.may_be_covered = 0, 0, 0
        check(known_key in (None, self.key), "the export is signed by another key than the one you noted")

    def entry(self, e, line):
        n = e["sequence"]
        check(self.anchored, "nothing proves what entry %d follows from" % self.first)
        check(n == self.last + 1, "entry %d is missing; entry %d stands in its place" % (self.last + 1, n))
        self.hash = chain(self.hash, e)
        check(e["hash"] == self.hash.hex(), "entry %d does not match its hash" % n)
        who, what = e["who"], e["what"]
        if who["salt"]:
            check(fields(who["salt"], who["name"], who["from"]) == e["identity"], "who did entry %d is not what the chain covers" % n)
        if what["salt"]:
            told = fields(what["salt"], what["subject"], what["details"], what["before"], what["after"])
            check(told == e["content"], "what entry %d tells is not what the chain covers" % n)
        if not who["salt"] or not what["salt"]:
            self.covered, self.last_covered = self.covered + 1, n
        if e["action"] == "journal.pseudonymise":
            self.may_be_covered = max(self.may_be_covered, int(what["subject"].split("-")[1]))
        expected = ecs(e["at"], "event", "access" if e["action"].endswith(".read") else "change", e["action"],
                       "success" if e["result"] == "done" else "failure", n, e)
        expected["user"] = {"name": who["name"]}
        if who["from"]:
            expected["source"] = {"address": who["from"]}
        check(line == expected and e["journal"] == self.journal, "the line of entry %d says other than what is proven" % n)
        self.last = n

    def checkpoint(self, c, line):
        title, *pairs, end = c["statement"].split("\n")
        said = dict(pair.split(" ", 1) for pair in pairs)
        check(title == "entrepot journal checkpoint v1" and end == "" and list(said) == ["journal", "first", "last", "hash", "at"],
              "the checkpoint after entry %d is none" % self.last)
        check(is_signed(c["statement"], bytes.fromhex(c["signature"]), self.key), "the checkpoint after entry %d is not signed by the journal's key" % self.last)
        check(said["journal"] == self.journal, "the checkpoint after entry %d is of another journal" % self.last)
        check(int(said["last"]) == self.last, "the checkpoint at entry %s stands after entry %d" % (said["last"], self.last))
        check(said["hash"] == self.hash.hex(), "entries %d-%d are not those that were signed" % (max(self.signed + 1, self.first), self.last))
        check(line == ecs(milliseconds(said["at"]), "state", "info", "journal.checkpoint", "success", self.last, c) and c["journal"] == self.journal,
              "the line of the checkpoint after entry %d says other than what is signed" % self.last)
        self.anchored, self.signed, self.signed_at = True, self.last, said["at"]
        if self.last >= self.first:
            self.signed_first = int(said["first"])

    def end(self):
        check(self.signed == self.last and self.signed_at, "the export ends after entry %d without a checkpoint: what followed is gone" % self.last)
        check(self.signed_first <= self.first, "the entries before %d are gone: entry %d was kept" % (self.first, self.signed_first))
        check(self.last_covered <= self.may_be_covered, "entry %d names no person, and the journal does not say why" % self.last_covered)
        check(self.line == ecs(milliseconds(self.signed_at), "state", "info", "journal.export", "success", self.first, self.begin), "the first line was changed")


def main(arguments):
    if len(arguments) not in (1, 2) or arguments[0] in ("-h", "--help"):
        print(__doc__)
        return 2
    known = None
    if len(arguments) == 2:
        with open(arguments[1], encoding="ascii") as file:
            known = base64.b64decode("".join(file.read().split("\n")[1:-2]))[len(SPKI):]
    export = None
    try:
        with open(arguments[0], encoding="utf-8") as file:
            for text in file:
                line = json.loads(text, object_pairs_hook=once)
                own = line["entrepot"]
                if export is None:
                    export = Export(own, line, known)
                else:
                    {"entry": export.entry, "checkpoint": export.checkpoint}[own["line"]](own, line)
        check(export, "the file is empty")
        export.end()
    except Broken as broken:
        print("NOT PROVEN: %s" % broken)
        return 1
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        print("NOT PROVEN: the line after entry %d is no line of an export (%s)" % (export.last, error) if export else "this is no export of a journal (%s)" % error)
        return 1 if export else 2
    print("proven: entries %d-%d of journal %s, signed %s" % (export.first, export.last, export.journal[:16], export.signed_at))
    print("key: %s%s" % (export.key.hex(), "" if known else " (the export's own: compare it with the one that you noted)"))
    if export.covered:
        print("%d entries name no person: their time had ended" % export.covered)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
