"""Simple formulas as plain characters, which take the page's font: $\\ell_2$ becomes ℓ₂."""

import re
from typing import Final

_LETTERS: Final = """
    ell ℓ nabla ∇ partial ∂ infty ∞ cdot · sum ∑ prod ∏ sqrt √ | ‖ % % alpha α beta β gamma γ
    delta δ epsilon ε varepsilon ε eta η theta θ kappa κ lambda λ mu μ nu ν pi π rho ρ sigma σ
    tau τ phi φ psi ψ omega ω Delta Δ Lambda Λ Sigma Σ Phi Φ Psi Ψ Omega Ω
"""
_RELATIONS: Final = "le ≤ leq ≤ ge ≥ geq ≥ approx ≈ sim ∼ ne ≠ times × pm ± to → in ∈"
_WORDS: Final = ("log", "exp", "max", "min", "sup", "inf")


def _pairs(table: str, pad: str = "") -> dict[str, str]:
    names, signs = table.split()[::2], table.split()[1::2]
    return {name: f"{pad}{sign}{pad}" for name, sign in zip(names, signs, strict=True)}


_NAMES: Final = {
    **_pairs(_LETTERS),
    **_pairs(_RELATIONS, " "),
    **{word: f" {word} " for word in _WORDS},
    **dict.fromkeys((",", ";", "quad"), " "),
    **dict.fromkeys(("left", "right"), ""),
}
_UP: Final = "0123456789+-−=()abdehiklmnprstuxyT*", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁼⁽⁾ᵃᵇᵈᵉʰⁱᵏˡᵐⁿᵖʳˢᵗᵘˣʸᵀ*"
_DOWN: Final = "0123456789+-−=()aehijklmnoprstuvx", "₀₁₂₃₄₅₆₇₈₉₊₋₋₌₍₎ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ"


def untex(text: str) -> str:
    r"""The text with its formulas in plain characters.

    Raises ``ValueError`` for a formula that has none, such as a fraction or a lowered infinity.

    >>> untex(r"slope $\|\nabla f\|_2$, $N = 10^{-3}$")
    'slope ‖∇f‖₂, N = 10⁻³'
    """
    return re.sub(r"\$([^$]+)\$", lambda found: _formula(found[1], text), text)


def _formula(tex: str, text: str) -> str:
    plain = re.sub(r"\\([A-Za-z]+|.) ?", lambda f: _NAMES.get(f[1], f[0]), tex)
    plain = re.sub(r"([_^])(?:\{([^{}]*)\}|(.))", _script, plain)
    if re.search(r"[\\{}_^]", plain):
        raise ValueError(
            f"got the formula ${tex}$ in the text {text!r}, expected one that plain characters can "
            "write; say it in words in the figure and as a formula in the caption"
        )
    return " ".join(plain.replace("-", "−").split())


def _script(found: re.Match[str]) -> str:
    """A raised or lowered part, or the input itself where a character is missing."""
    plain, moved = _UP if found[1] == "^" else _DOWN
    content = found[2] or found[3]
    if set(content) <= set(plain):
        return content.translate(str.maketrans(plain, moved))
    return found[0]
