"""An uploaded file, decoded where nothing in it can stop the page: in a process of its own, which has an end."""

import multiprocessing
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path

import soundfile

from unisono.audio.rejects import RejectError
from unisono.errors import UserError

LONGEST_MINUTES = 30  # of an upload: embedded in seconds, where the 6 hours that are packed would take minutes
SECONDS = 60  # that decoding may take: many times what half an hour takes
MEMORY = 1 << 30  # bytes that it may take: many times what 1024 channels take
FORKSERVER = multiprocessing.get_context("forkserver")  # its processes have torch at once, and no threads of this one
FORKSERVER.set_forkserver_preload(["unisono.audio.decode"])


def decode_upload(upload: Path, decoded: Path, sample_rate: int) -> None:
    """Write what an encoder hears of a file, mono at `sample_rate` Hz, as a WAV file, which has the same vectors.

    Raises:
        UserError: the file is no audio, lasts more than `LONGEST_MINUTES`, takes longer than `SECONDS` or more than
            `MEMORY`, or ends its decoder.
    """
    receiver, sender = FORKSERVER.Pipe(duplex=False)
    decoder = FORKSERVER.Process(target=_decode, args=(upload, decoded, sample_rate, sender), daemon=True)
    decoder.start()
    sender.close()  # the decoder has its own: nothing can come any more when it has ended
    with receiver:
        try:
            reason = receiver.recv() if receiver.poll(SECONDS) else f"takes more than {SECONDS} s to decode"
        except EOFError:
            reason = "crashes its decoder"
        finally:
            decoder.kill()
            decoder.join()
    if reason:
        raise UserError(f"{upload}: {reason}")


def _decode(upload: Path, decoded: Path, sample_rate: int, sender: Connection) -> None:
    """In the other process: send why the file cannot be used, or "" when it is decoded."""
    import torch

    from unisono.audio.decode import AudioBlocks

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the page
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    torch.set_num_threads(1)
    left = LONGEST_MINUTES * 60 * sample_rate
    try:
        with soundfile.SoundFile(decoded, "w", sample_rate, 1, "FLOAT", format="WAV") as file:
            for block_S in AudioBlocks(upload, sample_rate):
                left -= len(block_S)
                if left < 0:
                    raise RejectError(f"longer than {LONGEST_MINUTES} minutes; `unisono similar` takes longer files")
                file.write(block_S.numpy())
    except RejectError as error:
        sender.send(str(error))
    except MemoryError:
        sender.send(f"takes more than {MEMORY >> 20} MB to decode")
    else:
        sender.send("")
