"""Which licences a network may have that started from licensed weights.

A fine-tuned network is an adaptation of the weights that it started from. The identifiers are those of the Hugging Face
hub (https://huggingface.co/docs/hub/repositories-licenses). These are rules of thumb, not legal advice.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from sketchfit.errors import UserError

Kind = Literal["free", "share-alike", "non-commercial", "no-derivatives", "own", "unknown"]

UNKNOWN = "unknown"
"""Licence of weights that state none."""

FREE = (
    "afl-3.0",
    "apache-2.0",
    "artistic-2.0",
    "bsd",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "bsl-1.0",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc0-1.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "ecl-2.0",
    "isc",
    "mit",
    "ms-pl",
    "ncsa",
    "odc-by",
    "openmdw-1.0",
    "pddl",
    "postgresql",
    "unlicense",
    "wtfpl",
    "zlib",
)
"""Adaptations may have any licence."""

SHARE_ALIKE = ("agpl", "cdla-sharing", "epl", "eupl", "gfdl", "gpl", "lgpl", "mpl", "odbl", "osl")
"""First words of licences that adaptations keep; those of Creative Commons have `sa` in their name."""

OWN_ON_THE_HUB = (
    "apple-amlr",
    "apple-ascl",
    "bigscience-openrail-m",
    "c-uda",
    "creativeml-openrail-m",
    "etalab-2.0",
    "fair-noncommercial-research-license",
    "gemma",
    "h-research",
    "intel-research",
    "lgpl-lr",
    "llama2",
    "llama3",
    "lppl-1.3c",
    "ofl-1.1",
    "openrail",
    "openrail++",
)
"""Further identifiers that the hub knows; any other licence is `other` there, with a name."""

_RESEARCH_ONLY = ("apple-amlr", "h-research", "intel-research", "seer-license")
"""Non-commercial without `nc` in the name."""


def kind_of(licence: str | None) -> Kind:
    """Return what a licence demands of adaptations.

    >>> kind_of("MIT"), kind_of("cc-by-nc-4.0"), kind_of("cc-by-sa-4.0"), kind_of("dinov3-license"), kind_of(None)
    ('free', 'non-commercial', 'share-alike', 'own', 'unknown')
    """
    name = normal(licence)
    parts = re.split(r"[-_]", name)
    if name in ("", UNKNOWN, "other"):
        return "unknown"
    if name in FREE:
        return "free"
    if "nd" in parts:
        return "no-derivatives"
    if "sa" in parts or name.startswith(SHARE_ALIKE):
        return "share-alike"
    return "non-commercial" if is_non_commercial(name) and name.startswith("cc-") else "own"


def is_non_commercial(licence: str | None) -> bool:
    """Return whether a licence forbids commercial use.

    >>> [is_non_commercial(one) for one in ("cc-by-nc-4.0", "fair-noncommercial-research-license", "mit", None)]
    [True, True, False, False]
    """
    name = normal(licence)
    return name in _RESEARCH_ONLY or re.search(r"(^|[-_])nc([-_]|$)|non-?commercial", name) is not None


def allows(weights: str | None, network: str | None) -> bool:
    """Return whether a network may have a licence, given that of the weights from which it started.

    Weights of an unknown licence allow any: nothing is known that forbids it.

    >>> allows("apache-2.0", "mit"), allows("cc-by-nc-4.0", "mit"), allows("cc-by-nc-4.0", "cc-by-nc-sa-4.0")
    (True, False, True)
    """
    kind = kind_of(weights)
    if kind in ("free", "unknown"):
        return True
    if kind == "no-derivatives":
        return False
    if kind == "non-commercial":
        return is_non_commercial(network)
    return normal(weights) == normal(network)


def choose_licence(wanted: str | None, weights: Sequence[str | None]) -> str | None:
    """Return the licence of a network: the one wanted, or else that of its weights.

    Args:
        wanted: by the user.
        weights: licences of all weights from which the network has learnt.

    Returns:
        None where nothing is wanted and no licence is known.

    Raises:
        UserError: a licence of the weights forbids it.
    """
    known = list(dict.fromkeys(normal(one) for one in weights if kind_of(one) != "unknown"))
    if wanted is not None:
        for one in known:
            if not allows(one, wanted):
                raise UserError(f"the licence {wanted} is not allowed: that of the weights is {one}", _advice(one))
        return normal(wanted)
    fitting = [one for one in known if all(allows(other, one) for other in known)]
    if known and not fitting:
        raise UserError(f"no licence fits all weights: theirs are {', '.join(known)}", _advice(known[0]))
    strict = [one for one in fitting if kind_of(one) != "free"]
    return next(iter(strict or fitting), None)


def hub_fields(licence: str | None) -> dict[str, str]:
    """Return the fields of a model card's header for a licence.

    >>> hub_fields("mit"), hub_fields("dinov3-license"), hub_fields(None)
    ({'license': 'mit'}, {'license': 'other', 'license_name': 'dinov3-license'}, {})
    """
    name = normal(licence)
    if not name:
        return {}
    known = name in (*FREE, *OWN_ON_THE_HUB, UNKNOWN) or name.startswith("cc-") or kind_of(name) == "share-alike"
    return {"license": name} if known else {"license": "other", "license_name": name}


def normal(licence: str | None) -> str:
    """Return the identifier of a licence in small letters; empty for none."""
    return (licence or "").strip().lower().replace(" ", "-")


def _advice(licence: str) -> str:
    """Return what the user can do where a licence of weights forbids the network's."""
    if kind_of(licence) == "no-derivatives":
        return f"{licence} forbids to publish networks that started from these weights: choose another backbone."
    if kind_of(licence) == "non-commercial":
        return f"Choose a licence that forbids commercial use as well: --licence {licence}"
    return f"Networks that started from these weights keep their licence: --licence {licence}"
