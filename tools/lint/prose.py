"""What may stand in a sentence: no typed number, date or citation, no empty word."""

import re
from collections.abc import Iterator

from lint.chapter import Chapter

Fault = tuple[int, str]

GLUE = re.compile(r"\{glue:text\}`([^`]+)`")
CITE = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
NOT_PROSE = re.compile(
    r"\{[\w:-]+\}`[^`]*`"  # roles: glue, cite, ref, doc …
    r"|`[^`]*`|\$[^$]*\$"  # code, math
    r"|\]\([^)]*\)|^\[[^]]+\]: \S+|<[^>]*>|https?://\S+"  # targets of links, HTML
    r"|\{[.#][^}]*\}|^\([\w-]+\)=\s*$"  # attributes, targets
    r"|\b(?:Theorem|Lemma|Proposition|Corollary|Section|Equation|Figure|Fig\.|Python|Sphinx) [\d.]+"
)
TYPED = re.compile(r"(?<![A-Za-z]-)(?<![\w.])(?:\d+\.\d+|\d[\d,]*\d\d)")
BY_HAND = re.compile(
    r"\b(?i:arXiv):? ?[\w./-]*\d{4}[\w./-]*"
    r"|\b\d{4}\.\d{4,5}(?:v\d+)?\b"  # an arXiv number
    r"|\b[A-Z][\w’'-]+(?: (?:and|&) [A-Z][\w’'-]+| et al\.)?,? \(?(?:19|20)\d\d[a-z]?\)"
    r"|\bet al\b\.?|\b(?i:doi):? ?10\.\S+"
    r"|(?<![\w\]!])\[\d+(?:[,–-] ?\d+)*\](?![({:])"
)
DATE = re.compile(
    r"\b(?:19|20)\d\d-\d\d-\d\d\b"
    r"|\b(?:\d{1,2}\.? )?(?:January|February|March|April|May|June|July|August|September|October"
    r"|November|December) (?:\d{1,2}, )?(?:19|20)\d\d\b"
    r"|\b(?:19|20)\d\d\b(?![,.]\d)"
)
# Words that claim without showing, and what to do instead.
BANNED = {
    r"it is easy to see|easily seen|trivially|obviously|clearly|of course|needless to say"
    r"|it can be shown": "prove it, or leave the word out",
    r"it is (?:well[- ])known|as is well known": "cite it, or prove it",
    r"significantly|substantially|considerably|dramatically|drastically": "give the number",
    r"state[- ]of[- ]the[- ]art|cutting[- ]edge|groundbreaking": "name the work and its number",
    r"it (?:should|must) be noted that|it is worth (?:noting|mentioning)|note that|recall that"
    r"|in recent years|in today's": "leave it out",
    r"delve\w*|leverag\w+|seamless\w*|crucial\w*|powerful|paradigm\w*|plethora"
    r"|plays an? (?:key|important|vital) role": "say what it does",
}
EMPTY = [(re.compile(rf"\b(?:{words})\b", re.I), mend) for words, mend in BANNED.items()]

ABBREVIATION = r"(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bvs)(?<!\bal)(?<!\bFig)(?<!\bEq)(?<!\bno)"
SECOND = re.compile(rf"(?<=[\w)\]`$*%’'\"])(?<!\b[A-Z]){ABBREVIATION}[.!?]\)? +(?=[A-Z$*`{{\[\"“])")
LEAD_IN = re.compile(r"^(\s*(?:[-*:]|\d+\.) )?\s*(?:\*\*[^*]+[.?!]\*\*|\*[^*]+[.?!]\*) ")


def plain(text: str) -> str:
    """The text without roles, code, math, links' targets and attributes."""
    return NOT_PROSE.sub(" ", text)


def count_words(text: str) -> int:
    """What a reader reads: a role or a formula is one word."""
    return len(re.findall(r"\b\w[\w'’-]*", NOT_PROSE.sub(" x ", text)))


def typed_numbers(text: str) -> list[str]:
    """Decimals and numbers of three digits or more."""
    return TYPED.findall(text)


def numbers(chapter: Chapter) -> Iterator[Fault]:
    """A number that was computed is glued, not typed; so are dates; works are cited."""
    for line, text in chapter.texts():
        rest = plain(text)
        for found in BY_HAND.finditer(rest):
            yield line, f"typed citation {found[0].strip()}: use {{cite}} with its key"
        rest = BY_HAND.sub(" ", rest)
        for found in DATE.finditer(rest):
            yield line, f"typed date {found[0]}: cite the work it belongs to, or glue it"
        for number in typed_numbers(DATE.sub(" ", rest)):
            yield line, f"typed number {number}: compute and glue it, or write it as $math$"


def citations(chapter: Chapter, known: set[str]) -> Iterator[Fault]:
    """Every cited key exists."""
    for line, text in chapter.texts():
        for key in ",".join(CITE.findall(text)).split(","):
            if key.strip() and key.strip() not in known:
                yield line, f"unknown citation {key.strip()}: add it to book/references.bib"


def words(chapter: Chapter) -> Iterator[Fault]:
    """No word that claims without showing."""
    for line, text in chapter.texts():
        for pattern, mend in EMPTY:
            for found in pattern.finditer(plain(text)):
                yield line, f"empty word “{found[0]}”: {mend}"


def sentences(chapter: Chapter) -> Iterator[Fault]:
    """One sentence a line, so that a change shows as what it is; a lead-in may stand before it."""
    for line, text, _ in chapter.prose:
        if not text.lstrip().startswith("|") and SECOND.search(LEAD_IN.sub("", text).strip()):
            yield line, "two sentences on one line: begin a new line with each"
