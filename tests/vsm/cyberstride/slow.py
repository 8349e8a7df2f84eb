"""The filter once more, as the equations are written, with matrices as nested lists: slow, and easy to check
by eye.
"""

from dataclasses import dataclass
from math import exp, pi, sqrt

from cybernetic.vsm.cyberstride import RegimeModel

Matrix = list[list[float]]


@dataclass
class Belief:
    p: float
    m: list[float]
    c: Matrix


class SlowFilter:
    """Takes data one by one; `beliefs`, `joint` and `density` are those after the last one."""

    def __init__(
        self, model: RegimeModel, variance: float, level: float, spread: tuple[float, float]
    ) -> None:
        self.model, self.v = model, variance
        c = [[spread[0] * variance, 0.0], [0.0, spread[1] * variance]]
        self.beliefs = [Belief(p, [level, 0.0], c) for p in model.probability]
        self.joint = [[p * q for q in model.probability] for p in model.probability]
        self.earlier = self.joint
        self.density = 0.0

    def update(self, y: float | None, interval: float = 1.0) -> None:
        g: Matrix = [[1.0, interval], [0.0, 1.0]]
        weights: Matrix = []
        pairs: list[list[Belief]] = []
        for before in self.beliefs:
            a = [before.m[0] + interval * before.m[1], before.m[1]]
            p = _times(_times(g, before.c), [[1.0, 0.0], [interval, 1.0]])
            row = []
            for j, prior in enumerate(self.model.probability):
                shift, turn = self.model.level[j], self.model.slope[j]
                w = [[shift + turn, turn], [turn, turn]]
                r = [[p[x][z] + w[x][z] * self.v * interval for z in range(2)] for x in range(2)]
                if y is None:
                    row.append(Belief(before.p * prior, a, r))
                    continue
                q = r[0][0] + self.model.noise[j] * self.v
                e = y - a[0]
                gain = [r[0][0] / q, r[1][0] / q]
                density = exp(-e * e / (2 * q)) / sqrt(2 * pi * q)
                m = [a[0] + gain[0] * e, a[1] + gain[1] * e]
                c = [[r[x][z] - gain[x] * gain[z] * q for z in range(2)] for x in range(2)]
                row.append(Belief(before.p * prior * density, m, c))
            weights.append([pair.p for pair in row])
            pairs.append(row)
        self.density = sum(map(sum, weights))
        self.earlier = self.joint
        self.joint = [[p / self.density for p in row] for row in weights]
        self.beliefs = [self._merge(j, [row[j] for row in pairs]) for j in range(4)]

    @property
    def back1(self) -> list[float]:
        return [sum(row) for row in self.joint]

    @property
    def back2(self) -> list[float]:
        sums = [sum(row[i] for row in self.earlier) for i in range(4)]
        return [sum(self.back1[i] * self.earlier[k][i] / sums[i] for i in range(4)) for k in range(4)]

    @property
    def level(self) -> float:
        return sum(b.p * b.m[0] for b in self.beliefs)

    @property
    def level_sd(self) -> float:
        return sqrt(sum(b.p * (b.c[0][0] + (b.m[0] - self.level) ** 2) for b in self.beliefs))

    def _merge(self, j: int, pairs: list[Belief]) -> Belief:
        p_j = sum(row[j] for row in self.joint)
        shares = [row[j] / p_j for row in self.joint]
        m = [sum(s * pair.m[x] for s, pair in zip(shares, pairs, strict=True)) for x in range(2)]
        c = [
            [
                sum(
                    s * (pair.c[x][z] + (pair.m[x] - m[x]) * (pair.m[z] - m[z]))
                    for s, pair in zip(shares, pairs, strict=True)
                )
                for z in range(2)
            ]
            for x in range(2)
        ]
        return Belief(p_j, m, c)


def _times(a: Matrix, b: Matrix) -> Matrix:
    return [[sum(a[x][k] * b[k][z] for k in range(2)) for z in range(2)] for x in range(2)]
