#!/usr/bin/env python3
"""Checks a journal of settled with nothing but what docs/journal.md says.

    python3 check_journal.py DIR        DIR holds journal-*.jsonl

It shares no code with settled: SM3 is written out below (GB/T 32905-2016). It proves
the chain (hashes, numbers, order, base) and the money: every settlement's parts sum to
its total, and nothing is given back that was not paid. It needs no key.
Exit status 0: all fits. 1: the first entry that does not is named.
"""
import json, os, re, sys

MASK = 0xFFFFFFFF
def rol(x, n):
    return ((x << n % 32) | (x >> (-n % 32))) & MASK
T = [rol(0x79CC4519 if j < 16 else 0x7A879D8A, j) for j in range(64)]

def compress(v, block):
    w = [int.from_bytes(block[i:i + 4], "big") for i in range(0, 64, 4)]
    for j in range(16, 68):
        x = w[j - 16] ^ w[j - 9] ^ rol(w[j - 3], 15)
        w.append(x ^ rol(x, 15) ^ rol(x, 23) ^ rol(w[j - 13], 7) ^ w[j - 6])
    a, b, c, d, e, f, g, h = v
    for j in range(64):
        a12 = rol(a, 12)
        ss1 = rol((a12 + e + T[j]) & MASK, 7)
        ff = a ^ b ^ c if j < 16 else (a & b) | (a & c) | (b & c)
        gg = e ^ f ^ g if j < 16 else (e & f) | (~e & g)
        tt1 = (ff + d + (ss1 ^ a12) + (w[j] ^ w[j + 4])) & MASK
        tt2 = (gg + h + ss1 + w[j]) & MASK
        a, b, c, d = tt1, a, rol(b, 9), c
        e, f, g, h = tt2 ^ rol(tt2, 9) ^ rol(tt2, 17), e, rol(f, 19), g
    return [x ^ y for x, y in zip(v, (a, b, c, d, e, f, g, h))]

def sm3(data):
    v = [0x7380166F, 0x4914B2B9, 0x172442D7, 0xDA8A0600, 0xA96F30BC, 0x163138AA, 0xE38DEE4D, 0xB0FB0E4E]
    data += b"\x80" + b"\0" * ((55 - len(data)) % 64) + (8 * len(data)).to_bytes(8, "big")
    for i in range(0, len(data), 64):
        v = compress(v, data[i:i + 64])
    return "".join("%08x" % x for x in v)

class Misfit(Exception): pass
def need(ok, why):
    if not ok:
        raise Misfit(why)

HEAD = re.compile(
    rb'{"n":([1-9][0-9]*),"at":"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{3}\+08:00)","base":(0|[1-9][0-9]*),'
    rb'"kind":"([a-z_]{1,32})","op":"([^"\\]*)","dev":"([^"\\]*)","rules":"([^"\\]*)","prev":"([0-9a-f]{64})","body":{')
TAIL = len(b',"hash":"') + 64 + len(b'"}')

def parse(line):
    """An entry of a line without its newline, checked against its own hash."""
    covered, suffix, digest = line[:-TAIL], line[-TAIL:], sm3(line[:-TAIL])
    need(suffix == b',"hash":"' + digest.encode() + b'"}', "its hash is not that of its bytes")
    head = HEAD.match(covered)
    need(head, "not a line of the journal")
    try:
        return dict(json.loads(line.decode("utf-8")), hash=digest)
    except ValueError as err:
        raise Misfit("not JSON: %s" % err)

PARTS = ("fund", "own", "mutual", "cash")
def fen(text):
    """Whole fen of an amount in yuan: a string with two decimals."""
    need(isinstance(text, str) and re.fullmatch(r"-?[0-9]+\.[0-9]{2}", text), "not an amount: %r" % (text,))
    return int(text.replace(".", ""))
def amounts(o):
    return {k: fen(o.get(k, "0.00")) for k in ("total",) + PARTS}

class Checker:
    def __init__(self, stub):
        self.n, self.prev = (stub["n"], stub["hash"]) if stub else (0, "0" * 64)
        self.at, self.base, self.stub, self.last = "", self.n, stub, ""
        self.paid = {}  # settlement number -> what it took, fen by part; None: it was given back
        self.voids = set()  # numbers of reversals
        self.choices = set()  # entries of choices

    def entry(self, e):
        need(e["n"] == self.n + 1, "its number is %d, not %d" % (e["n"], self.n + 1))
        need(e["prev"] == self.prev, "its prev is not the hash of the entry before it")
        need(e["at"] >= self.at, "its time is before that of the entry before it")
        need(e["base"] < e["n"], "its base is not before it")
        need(e["base"] in (self.base, e["n"] - 1), "its base is of no batch")
        known = getattr(self, "on_" + e["kind"], None)
        need(known, "kind %s is not known" % e["kind"])
        need(not e["body"].get("second") or e["body"]["second"] != e["op"], "the second person is the first")
        try:
            known(e["body"], e)
        except (KeyError, TypeError, AttributeError) as err:
            raise Misfit("its body is not as documented: %r" % err)
        self.n, self.prev, self.at, self.base = e["n"], e["hash"], e["at"], e["base"]

    def on_owner(self, b, e):
        need(e["n"] == 1, "only the first entry names the owner")
    def nothing(self, b, e): pass
    on_known = on_link = on_link_end = on_ids = on_key = on_restore = nothing
    on_rules = on_note = on_reconcile = on_shift_open = on_shift_close = nothing

    def on_choice(self, b, e):
        need(b["institution"]["id"] and b["from"], "it chooses nothing")
        self.choices.add(e["n"])
    def on_choice_undo(self, b, e):
        need(b["of"] in self.choices or self.stub and b["of"] <= self.stub["n"], "there is no choice in entry %d" % b["of"])
    on_choice_sent = on_choice_end = on_choice_undo

    def on_archive(self, b, e):
        need(b["through"] < e["n"], "it names an entry that comes later")
        if self.stub and b["through"] == self.stub["n"]:
            need((b["hash"], b["state"]) == (self.stub["hash"], self.stub["state"]), "it vouches for another beginning")

    def on_settlement(self, b, e):
        self.settled(b["settlement"])
    def on_self_paid(self, b, e):
        a, s = self.settled(b["settlement"]), b["settlement"]
        need(a["cash"] == a["total"], "the patient paid it, yet fund or accounts did too")
        need(s["usage"] == s["split"]["usage_after"], "the patient paid it, yet it used of the limit")

    def settled(self, s):
        a = amounts(s["split"])
        need(min(a.values()) >= 0, "an amount is negative")
        need(sum(a[k] for k in PARTS) == a["total"], "the parts do not sum to the total")
        drawn = [fen(d["paid"]) for d in s["split"].get("mutual_by_account") or []]
        need(sum(drawn) == a["mutual"] and min(drawn, default=0) >= 0, "the draws do not sum to the family's part")
        self.number(s["number"])
        self.paid[s["number"]] = a
        return a
    def number(self, n):
        need(n[2:] > self.last, "number %s is not above the last one" % n)
        self.last = n[2:]

    def on_void(self, b, e):
        """Gives back what one settlement took, all of it, once; returns that."""
        a = amounts(b["returned"])
        need(b["of"] in self.paid or self.stub, "there is no settlement %s" % b["of"])
        need(self.paid.get(b["of"], a) == a, "it gives back what settlement %s did not take, or again" % b["of"])
        self.number(b["number"])
        self.paid[b["of"]] = None
        self.voids.add(b["number"])
        return a

    def on_refund(self, b, e):
        whole = self.on_void(b, e)
        kept, back = self.settled(b["settlement"]), amounts(b["back"])
        need(min(back.values()) >= 0, "more is kept than was paid")
        need(all(whole[k] - kept[k] == back[k] for k in whole), "what is kept and what is given back are not the whole")

    def refers(self, b, e):
        """What was archived is not here to look at."""
        need(b["number"] in self.paid or b["number"] in self.voids or self.stub, "there is no %s" % b["number"])
    on_request = on_answer = on_held = on_release = on_repair = on_undone = on_squared = refers

    def on_ack(self, b, e):
        self.refers(b, e)
        a = amounts(b)
        need(min(a.values()) >= 0 and sum(a[k] for k in PARTS) <= a["total"], "acknowledged amounts")
    def on_difference(self, b, e):
        self.refers(b, e)
        need(b["local"] != b["platform"], "a difference without one")

def run(folder):
    link = os.path.join(folder, "archived.json")
    c = Checker(json.load(open(link, encoding="utf-8")) if os.path.exists(link) else None)
    names = sorted(f for f in os.listdir(folder) if re.fullmatch(r"journal-[0-9]{12}\.jsonl", f)) or sys.exit(folder + ": no journal-*.jsonl in it; name the directory journal/")
    listed = [(int(f[8:20]), f) for f in names if int(f[8:20]) > c.n]
    for i, (first, name) in enumerate(listed):
        with open(os.path.join(folder, name), "rb") as f:
            lines = f.read().split(b"\n")
        offset = 0
        for j, line in enumerate(lines):
            if j == len(lines) - 1 and not line: break  # the file ends with a newline
            try:
                need(j > 0 or first == c.n + 1, "the file before it ends with entry %d" % c.n)
                need(j < len(lines) - 1, "the line has no end")
                c.entry(parse(line))
            except Misfit as why:
                if i == len(listed) - 1 and torn(lines[j:], c.n + 1):
                    print("%s: what is behind entry %d at offset %d was never durable" % (name, c.n, offset))
                    break
                print("%s entry %d at offset %d: %s" % (name, c.n + 1, offset, why))
                return 1
            offset += len(line) + 1
    print("entries to %d fit; the head is %s" % (c.n, c.prev))
    return 0

def torn(rest, n):
    """Whether these lines were never durable: the first is not whole, and none vouches for it."""
    for i, line in enumerate(rest[:-1]):
        try:
            e = parse(line)
            if i == 0 or e["base"] >= n:
                return False
        except Misfit: pass
    return True

if __name__ == "__main__":
    if len(sys.argv) != 2 or not os.path.isdir(sys.argv[1]):
        sys.exit(__doc__)
    sys.exit(run(sys.argv[1]))
