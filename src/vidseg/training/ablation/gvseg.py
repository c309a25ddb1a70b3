"""Table 4 of the GvSeg paper as overrides of a recipe."""

from __future__ import annotations

from .row import AblationRow


def _row(
    name: str, label: str, vpq: float, stq: float, overrides: tuple[str, ...] = ()
) -> AblationRow:
    """Published figures are those on VIPSeg with ResNet-50."""
    return AblationRow(name, label, {"VPQ": vpq, "STQ": stq}, overrides)


_NOT_AWARE = "model.overrides.shape_aware=false"
_LEARNED = "model.overrides.initial=learned"
_FRAME = ("objective.contrast.things=frame", "objective.contrast.stuff=frame")


def _cues(things: bool, stuff: bool) -> tuple[str, ...]:
    """Whether shape and position take part in the association of things and of stuff."""
    cues = {True: "shape_position", False: "appearance"}
    return (
        f"evaluation.settings.affinity={cues[things]}",
        f"evaluation.settings.stuff_affinity={cues[stuff]}",
    )


def _bins(angles: int, radii: int) -> tuple[str, ...]:
    key = "model.overrides.descriptor"
    return f"{key}.angles={angles}", f"{key}.radii={radii}"


def _contrast(tau: float, queue: int) -> tuple[str, ...]:
    return f"objective.contrast.tau={tau}", f"objective.contrast.queue={queue}"


_E3 = ("objective.contrast.things=video", "objective.contrast.stuff=frame")
_E2 = ("objective.contrast.things=frame", "objective.contrast.stuff=dataset")
_ALONE = (_NOT_AWARE, _LEARNED, *_cues(False, False))

ROWS = (
    _row("a1", "Baseline", 36.0, 37.3, (*_ALONE, *_FRAME)),
    _row("a2", "+ SPA query matching", 37.8, 38.5, (_LEARNED, *_cues(True, True), *_FRAME)),
    _row("a3", "+ Task-oriented init.&asso.", 40.1, 40.7, _FRAME),
    _row("a4", "+ Task-oriented TCL", 41.2, 42.0, _ALONE),
    _row("a5", "GvSeg", 44.0, 44.9),
    _row("b1", "τ 0.1, N_Q 100", 43.3, 43.9, _contrast(0.1, 100)),
    _row("b2", "τ 0.2, N_Q 100", 44.0, 44.9, _contrast(0.2, 100)),
    _row("b3", "τ 0.2, N_Q 200", 44.1, 45.1, _contrast(0.2, 200)),
    _row("b4", "τ 0.3, N_Q 100", 43.6, 44.4, _contrast(0.3, 100)),
    _row("b5", "τ 0.3, N_Q 200", 43.7, 44.6, _contrast(0.3, 200)),
    _row("c1", "12 angles, 6 radii", 43.1, 43.8, _bins(12, 6)),
    _row("c2", "24 angles, 12 radii", 43.6, 44.3, _bins(24, 12)),
    _row("c3", "36 angles, 12 radii", 44.0, 44.9, _bins(36, 12)),
    _row("c4", "36 angles, 18 radii", 43.9, 45.0, _bins(36, 18)),
    _row("c5", "48 angles, 12 radii", 44.0, 44.8, _bins(48, 12)),
    _row("d1", "things and stuff by appearance", 42.1, 43.1, _cues(False, False)),
    _row("d2", "things by shape and position too", 44.0, 44.9, _cues(True, False)),
    _row("d3", "stuff by shape and position too", 41.7, 42.8, _cues(False, True)),
    _row("d4", "both by shape and position too", 42.9, 43.4, _cues(True, True)),
    _row("e1", "things of frames, stuff of frames", 40.1, 40.7, _FRAME),
    _row("e2", "things of frames, stuff of the dataset", 42.4, 43.3, _E2),
    _row("e3", "things of the video, stuff of frames", 43.0, 43.9, _E3),
    _row("e4", "things of the video, stuff of the dataset", 44.0, 44.9),
)
"""Each row of part a adds one component to the baseline, except a3: its published figures are those
of e1, so it is taken as everything without task-oriented TCL."""
