"""Slow, independent answers to compare with: exact rational arithmetic and brute force."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from lipkit.networks import ReluNetwork

TINY = ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]])
# identically 0, with formal gradient 1 at the kink 0 and -1 at the kink -10
FLAT = ReluNetwork([[[1], [-1], [1], [-1]], [[1, -1, -1, 1]]], [[10, -10, 0, 0], [-10]])
IDENTITY = ReluNetwork([[[1], [-1]], [[1, -1]]])  # x, with formal gradient 0 at 0


@st.composite
def integer_networks(draw, inputs, biases=True, outputs=1, most=4, depth=2):
    """Small integers make parallel, repeated, opposite, dead neurons, and coinciding kinks."""
    layers = draw(st.integers(1, depth))
    sizes = [inputs, *(draw(st.integers(1, most)) for _ in range(layers)), outputs]
    integers = st.integers(-3, 3).map(float)
    weights = [draw(hnp.arrays(float, (m, n), elements=integers)) for n, m in pairwise(sizes)]
    shifts = [draw(hnp.arrays(float, m, elements=integers)) for m in sizes[1:]]
    return ReluNetwork(weights, shifts if biases else None)


# -- pieces along a line or around a circle, as cones of directions, in rationals -----------------
def _rational(array):
    return [[Fraction(float(x)) for x in row] for row in array]


def _times(A, B):
    return [[sum(a * b for a, b in zip(row, c, strict=True)) for c in zip(*B, strict=True)]
            for row in A]  # fmt: skip


def _cones(network, cones, start) -> Iterator[list[list[Fraction]]]:
    """The output's forms (n_out, 2) on every cone that no kink crosses."""
    pieces = [(u, v, start) for u, v in cones]
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        new = []
        for u, v, hidden in pieces:
            z = _times(_rational(W), hidden)
            z = [[row[0], row[1] + Fraction(float(c))] for row, c in zip(z, b, strict=True)]
            for left, right in _split(u, v, z):
                middle = (left[0] + right[0], left[1] + right[1])
                if not any(middle):  # half a turn
                    middle = (-left[1], left[0])
                on = [row[0] * middle[0] + row[1] * middle[1] > 0 for row in z]
                gated = [row if g else [Fraction(0)] * 2 for row, g in zip(z, on, strict=True)]
                new.append((left, right, gated))
        pieces = new
    for _, _, hidden in pieces:
        yield _times(_rational(network.weights[-1]), hidden)


def _split(u, v, forms):
    """Cut the cone from u to v (at most half a turn, counter-clockwise) at every form's zero."""
    cuts = [u, v]
    for a, b in forms:
        for w in ((-b, a), (b, -a)):
            if any(w) and _turn(u, w) > 0 and _turn(w, v) > 0:
                cuts.append(w)
    if _turn(u, v) == 0:  # half a turn: directions strictly to the left of u
        cuts = [u, v, *((-b * s, a * s) for a, b in forms for s in (1, -1)
                        if _turn(u, (-b * s, a * s)) > 0)]  # fmt: skip
    ordered = [u, *_by_angle(cuts[2:]), v]
    return [(x, y) for x, y in pairwise(ordered) if not (_turn(x, y) == 0 and _dot(x, y) > 0)]


def _by_angle(directions):
    done = []
    for w in directions:
        place = sum(_turn(other, w) > 0 for other in done)
        done.insert(place, w)
    return done


def _turn(u, v):
    return u[0] * v[1] - u[1] * v[0]


def _dot(u, v):
    return u[0] * v[0] + u[1] * v[1]


def _direction(x, y):
    return (Fraction(x), Fraction(y))


def gradients_around(network):
    """All gradients of a network of two inputs without biases: (k, n_out, 2)."""
    right, left = _direction(1, 0), _direction(-1, 0)
    forms = _cones(network, [(right, left), (left, right)], [_direction(1, 0), _direction(0, 1)])
    return np.array([[[float(x) for x in row] for row in J] for J in forms])


def slopes_on_line(network, lower=None, upper=None):
    """All derivatives of a network of one input: (k, n_out). A point t is the direction (t, 1)."""
    first = _direction(1, 0) if upper is None else _direction(upper, 1)
    last = _direction(-1, 0) if lower is None else _direction(lower, 1)
    forms = _cones(network, [(first, last)], [_direction(1, 0)])
    return np.array([[float(row[0]) for row in J] for J in forms])


# -- polygons in rationals ------------------------------------------------------------------------
def areas_by_pattern(network, lower, upper):
    """pattern -> (area, gradient) of every open region of a network of two inputs, one output."""
    (left, bottom), (right, top) = ([Fraction(float(x)) for x in side] for side in (lower, upper))
    window = [(left, bottom), (right, bottom), (right, top), (left, top)]
    start = [[Fraction(1), Fraction(0), Fraction(0)], [Fraction(0), Fraction(1), Fraction(0)]]
    regions = [(window, start, ())]
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        regions = [part for region in regions for part in _cut_region(region, W, b)]
    found = {}
    for polygon, hidden, pattern in regions:
        gradient = _times(_rational(network.weights[-1]), hidden)[0][:2]
        area = found.get(pattern, (0, None))[0] + _area(polygon)
        found[pattern] = (area, [float(g) for g in gradient])
    return {pattern: (float(area), gradient) for pattern, (area, gradient) in found.items()}


def _cut_region(region, W, b):
    polygon, hidden, pattern = region
    z = _times(_rational(W), hidden)
    z = [[*row[:2], row[2] + Fraction(float(c))] for row, c in zip(z, b, strict=True)]
    parts = [(polygon, ())]
    for form in z:
        parts = [
            (half, (*signs, positive))
            for part, signs in parts
            for half, positive in _halves(part, form)
            if half is not None
        ]
    for part, signs in parts:
        gated = [row if on else [Fraction(0)] * 3 for row, on in zip(z, signs, strict=True)]
        yield part, gated, (*pattern, *signs)


def _halves(polygon, form):
    if not any(form):
        return [(polygon, False)]
    return [(_half(polygon, form), True), (_half(polygon, [-x for x in form]), False)]


def _half(polygon, form):
    """The part where the form is positive, or None if that has no area."""
    value = [form[0] * x + form[1] * y + form[2] for x, y in polygon]
    kept = []
    for i, (point, h) in enumerate(zip(polygon, value, strict=True)):
        other, k = polygon[(i + 1) % len(polygon)], value[(i + 1) % len(polygon)]
        if h >= 0:
            kept.append(point)
        if h * k < 0:
            s = h / (h - k)
            kept.append(tuple(a + s * (c - a) for a, c in zip(point, other, strict=True)))
    return kept if len(kept) > 2 and _area(kept) > 0 else None


def _area(polygon):
    return sum(_turn(p, q) for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True)) / 2


# -- brute force ----------------------------------------------------------------------------------
def pair_norm_by_directions(J, p, q, n=20001):
    """max |J u|_q over a fine grid of directions of the plane with |u|_p = 1, J (n_out, 2)."""
    angles = np.linspace(0, np.pi, n)
    U = np.stack([np.cos(angles), np.sin(angles)])
    U /= np.linalg.norm(U, ord=p, axis=0)
    return np.linalg.norm(J @ U, ord=q, axis=0).max()
