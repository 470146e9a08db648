"""The distributions that a judgement needs, by what they are asked for.

scipy is imported at the first question: it takes as long as everything else that the lab imports,
0.6 s (`python -X importtime -c "import scipy.special"`), and most commands judge nothing.
"""


def binomial_at_most(count: int, total: int, share: float) -> float:
    """Tell how likely at most `count` of `total` go where each goes with probability `share`."""
    from scipy.special import bdtr

    return float(bdtr(count, total, share))


def beta_quantile(a: float, b: float, probability: float) -> float:
    """Return below what a beta distribution with the parameters `a`, `b` has that probability."""
    from scipy.special import betaincinv

    return float(betaincinv(a, b, probability))


def chi_square_above(freedom: int, statistic: float) -> float:
    """Tell how likely chi-square is above `statistic`."""
    from scipy.special import chdtrc

    return float(chdtrc(freedom, statistic))


def chi_square_critical(freedom: int, level: float) -> float:
    """Return above what chi-square is with probability `level`."""
    from scipy.special import chdtri

    return float(chdtri(freedom, level))


def noncentral_at_most(statistic: float, freedom: int, noncentrality: float) -> float:
    """Tell how likely noncentral chi-square is at most `statistic`."""
    from scipy.special import chndtr

    return float(chndtr(statistic, freedom, noncentrality))


def noncentrality_of(statistic: float, freedom: int, probability: float) -> float:
    """Return the noncentrality with which chi-square is at most `statistic` that likely."""
    from scipy.special import chndtrinc

    return float(chndtrinc(statistic, freedom, probability))
