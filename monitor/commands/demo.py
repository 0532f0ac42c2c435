"""``auscult demo``: a synthetic heart through the real pipeline and the real network."""

from __future__ import annotations

import argparse

from monitor.audio.sources.synthetic import DEMO_SEED, SyntheticSource
from monitor.commands.options.arguments import add_play_arguments, check_hop, playback, whole_number
from monitor.commands.options.display_options import add_display_arguments, display_options
from monitor.commands.options.feed_options import add_feed_arguments, fed
from monitor.commands.options.lsl_options import (
    SYNTHETIC,
    add_lsl_argument,
    announce_lsl,
    check_lsl_speed,
    over_lsl,
)
from monitor.commands.options.session_options import add_session_arguments, check_session, new_session, report_session
from monitor.commands.player import play
from monitor.inference.bundle import load_bundle
from monitor.process.interrupts import Interrupts
from monitor.views.view import choose_view

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_play_arguments(parser)
    add_display_arguments(parser)
    add_session_arguments(parser)
    add_feed_arguments(parser)
    add_lsl_argument(parser)
    parser.add_argument(
        "--seed",
        type=whole_number(0, 2**32 - 1),
        default=DEMO_SEED,
        metavar="N",
        help=f"seed of the synthetic heart (default: {DEMO_SEED})",
    )
    parser.set_defaults(usage_error=parser.error)


def run(options: argparse.Namespace) -> int:
    """Play the demo, see :class:`~monitor.audio.sources.synthetic.SyntheticSource`."""
    heard = playback(options, microphone=False)
    check_lsl_speed(options)
    bundle = load_bundle(options.model, engine=options.engine)
    check_hop(options, bundle)
    check_session(options, wanted=bool(options.session))
    source = SyntheticSource(speed=options.speed, seed=options.seed)

    def scene_name(elapsed_s: float) -> str:
        scene = next((scene for scene in source.scenes if elapsed_s < scene.end_s), source.scenes[-1])
        return f"playing: {scene.name}"

    announce_lsl(options, SYNTHETIC[0])
    with fed(options) as feed:
        view = choose_view(
            json=options.json, plain=options.plain, keep_going=bool(options.session), display=display_options(options)
        )
        session = new_session(options, source, bundle, "demo") if options.session else None
        with Interrupts() as interrupts:
            try:
                with over_lsl(view, source, options, SYNTHETIC) as sending:
                    play(
                        source,
                        bundle,
                        sending,
                        interrupts,
                        hop_s=options.hop,
                        note=scene_name,
                        session=session,
                        site=options.site,
                        playback=heard,
                        feed=feed,
                    )
            finally:
                view.close()
                report_session(session)
            return interrupts.exit_code or int(view.lost_lines > 0)
