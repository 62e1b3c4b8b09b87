"""Model directories: saving and loading, what is refused, and that loading runs no code."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from seq2seq.bundle import model_directory
from seq2seq.bundle.card import render
from seq2seq.bundle.directions import Directions
from seq2seq.bundle.model_directory import FILES, WORD_LISTS
from seq2seq.bundle.shortlist_file import SHORTLIST
from seq2seq.config import DecodingConfig
from seq2seq.errors import ModelError, UsageError
from seq2seq.nn.model import Seq2Seq
from seq2seq.preparation.lexicon import Lexicon
from seq2seq.text.tokenizer import Tokenizer
from tests import tiny

DTYPES = {"float32": {torch.float32}, "float16": {torch.float16}, "int8": {torch.int8, torch.float16}}
SOURCES, TARGETS = [[299, 290, 280], [298]], [[288, 281], [270, 271, 272]]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model directory."""
    path = tmp_path_factory.mktemp("models") / "tiny"
    model_directory.save(path, tiny.bundle())
    return path


@pytest.fixture
def copy(stored: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may damage."""
    path = tmp_path / "copy"
    path.mkdir()
    for file in stored.iterdir():
        (path / file.name).write_bytes(file.read_bytes())
    return path


def scores(model: Seq2Seq) -> list[float]:
    """The log probabilities that a model gives to some translations."""
    return tiny.forced_log_probs(model, SOURCES, TARGETS)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"cell": "lstm", "bridge": "projected"},
        {"cell": "layernorm_gru", "cell_depth": 2, "decoder": "conditional", "copying": True},
        {"cell": "rnn", "attention": "coverage", "readout": "maxout", "encoder_shape": "alternating"},
        {"tie_source": False, "tie_output": False, "bridge": "zero", "attention": "general"},
        {"encoder_layers": 2, "decoder_layers": 1, "attention": "scaled_dot"},
    ],
)
def test_a_loaded_model_equals_the_saved_one_bit_for_bit(tmp_path: Path, changes: dict[str, Any]) -> None:
    before = tiny.bundle(**changes)
    model_directory.save(tmp_path / "m", before)
    after = model_directory.load(tmp_path / "m")
    weights, expected = (
        model_directory.unique_weights(after.model),
        model_directory.unique_weights(before.model),
    )
    assert weights.keys() == expected.keys()
    assert all(torch.equal(weights[name], expected[name]) for name in expected)
    assert after.model.config == before.model.config and not after.model.training
    assert scores(after.model) == pytest.approx(scores(before.model), abs=1e-5)
    assert after.directions == (("en", "fr"),)
    assert after.decoding == before.decoding and after.card == before.card
    assert after.metrics == {"validation": {"bleu": 1.5}, "model": after.metrics["model"]}
    assert after.source is after.target and after.source.to_bytes() == before.source.to_bytes()
    model_directory.save(tmp_path / "again", after)
    for name in os.listdir(tmp_path / "m"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "m" / name).read_bytes(), name


def test_two_tokenizers_are_stored_apart(tmp_path: Path) -> None:
    texts = [pair.target for pair in tiny.pairs(100)]
    target = Tokenizer.train(texts, vocab_size=290)
    changes = {"tie_source": False, "target_vocab_size": target.vocab_size}
    model_directory.save(tmp_path / "m", replace(tiny.bundle(**changes), target=target))
    assert {file.name for file in (tmp_path / "m").iterdir()} >= {"source.model", "target.model"}
    found = model_directory.load(tmp_path / "m")
    assert found.source.to_bytes() == tiny.tokenizer().to_bytes()
    assert found.target.to_bytes() == target.to_bytes()


def test_shared_weights_are_stored_once_and_shared_again(stored: Path) -> None:
    names = load_file(stored / "model.safetensors").keys()
    model = model_directory.load(stored).model
    table = model.source.table.weight
    assert table is model.decoder.embedding.table.weight and table is model.decoder.output.weight
    assert "source.table.weight" in names
    assert not {"decoder.embedding.table.weight", "decoder.output.weight"} & names
    assert sum(p.numel() for p in model.parameters()) == sum(
        p.numel() for p in tiny.bundle().model.parameters()
    )


def test_half_stores_float16_at_half_the_size(stored: Path, tmp_path: Path) -> None:
    model_directory.save(tmp_path / "half", tiny.bundle(), half=True)
    sizes = [
        sum(t.nbytes for t in load_file(p / "model.safetensors").values())
        for p in (stored, tmp_path / "half")
    ]
    assert 2 * sizes[1] == sizes[0]
    full, half = model_directory.load(stored).model, model_directory.load(tmp_path / "half").model
    for weight, expected in zip(half.parameters(), full.parameters(), strict=True):
        assert weight.dtype == torch.float32
        assert torch.equal(weight, expected.half().float())


@pytest.mark.parametrize("number_type", ["float32", "float16", "int8"])
@pytest.mark.parametrize("directions", [(("en", "fr"),), (("en", "fr"), ("fr", "en")), ()])
def test_each_number_type_is_stored_in_the_earliest_format_that_holds_it(
    tmp_path: Path, number_type: Any, directions: Directions
) -> None:
    """Versions that know formats 1 and 2 refuse a model in int8 by its format: see `load`."""
    bundle = replace(tiny.bundle_of_directions(("en", "fr"), ("fr", "en")), directions=directions)
    model_directory.save(tmp_path / "m", bundle, weights=number_type)
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["format"] == (3 if number_type == "int8" else 2 if len(directions) > 1 else 1)
    assert ("source_language" in config) == (config["format"] == 1)
    loaded = model_directory.load(tmp_path / "m")
    assert loaded.directions == directions
    assert loaded.metrics["model"]["weights"] == number_type
    types = {tensor.dtype for tensor in load_file(tmp_path / "m" / "model.safetensors").values()}
    assert types == DTYPES[number_type]
    model_directory.save(tmp_path / "again", loaded, weights=number_type)
    for name in os.listdir(tmp_path / "m"):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "m" / name).read_bytes(), name


def test_contradicting_and_unknown_number_types_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="weights is 'int8' and half is True"):
        model_directory.save(tmp_path / "m", tiny.bundle(), weights="int8", half=True)
    for wrong in ("int4", ""):
        with pytest.raises(UsageError, match=f"weights is '{wrong}', expected one of float32, float16, int8"):
            model_directory.save(tmp_path / "m", tiny.bundle(), weights=wrong)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())
    model_directory.save(tmp_path / "m", tiny.bundle(), weights="float16", half=True)


def test_a_damaged_scale_is_an_error_of_the_model(tmp_path: Path) -> None:
    """`test_weights` has all kinds of damage."""
    model_directory.save(tmp_path / "m", tiny.bundle(), weights="int8")
    path = tmp_path / "m" / "model.safetensors"
    tensors = load_file(path)
    tensors["source.table.weight.scale"][3] = -1
    save_file(tensors, path)
    with pytest.raises(ModelError, match=r"model\.safetensors: source\.table\.weight\.scale: row 3 has -1"):
        model_directory.load(tmp_path / "m")


def test_the_files_of_a_model_directory(stored: Path) -> None:
    optional = {"source.model", "target.model", "onnx", SHORTLIST, *WORD_LISTS}
    assert set(os.listdir(stored)) == FILES - optional
    config = json.loads((stored / "config.json").read_text())
    assert config["format"] == 1 and config["model"]["decoder_size"] == 16


def test_word_lists_are_stored_and_kept(tmp_path: Path) -> None:
    source, target = Lexicon.count(["We see Paris."] * 2), Lexicon.count(["Nous voyons Paris."])
    bundle = replace(tiny.bundle(), source_words=source, target_words=target)
    model_directory.save(tmp_path / "m", bundle)
    assert (tmp_path / "m" / "words.source.txt").read_text().startswith("Paris\t2\n")
    model_directory.save(tmp_path / "m", model_directory.load(tmp_path / "m"), weights="int8")
    loaded = model_directory.load(tmp_path / "m")
    assert loaded.source_words.counts == {"Paris": 2, "see": 2, "we": 2}
    assert loaded.target_words.counts == {"Paris": 1, "nous": 1, "voyons": 1}


@pytest.mark.parametrize("content", [b"Paris", b"Paris\tmany", b"\xff\t1"])
def test_a_damaged_word_list_is_named(copy: Path, content: bytes) -> None:
    (copy / "words.target.txt").write_bytes(content + b"\n")
    with pytest.raises(ModelError, match=r"words\.target\.txt: cannot be read"):
        model_directory.load(copy)


def test_only_a_folder_of_a_model_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "m"
    model_directory.save(path, tiny.bundle(seed=1))
    model_directory.save(path, tiny.bundle(seed=2))
    assert scores(model_directory.load(path).model) == pytest.approx(
        scores(tiny.bundle(seed=2).model), abs=1e-5
    )
    (path / "words.target.txt").write_text("bonjour\t3\n")  # a word list is a file of the model
    model_directory.save(path, tiny.bundle(seed=2))
    (path / "words.txt.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds words\.txt\.tex"):
        model_directory.save(path, tiny.bundle())
    (path / "words.txt.tex").unlink()
    (path / "thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"holds thesis\.tex"):
        model_directory.save(path, tiny.bundle())
    assert (path / "thesis.tex").exists() and (path / "config.json").exists()
    with pytest.raises(UsageError, match="is a file, expected a new folder"):
        model_directory.save(path / "thesis.tex", tiny.bundle())
    (tmp_path / "empty").mkdir()
    model_directory.save(tmp_path / "empty", tiny.bundle())


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "joint.model"])
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    expected = "source.model" if name == "joint.model" else name
    with pytest.raises(ModelError, match=expected.replace(".", r"\.")) as error:
        model_directory.load(copy)
    assert error.value.exit_code == 4


def test_missing_metrics_are_accepted(copy: Path) -> None:
    (copy / "metrics.json").unlink()
    assert model_directory.load(copy).metrics == {}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(copy: Path, value: float) -> None:
    weights = load_file(copy / "model.safetensors")
    weights["source.table.weight"][5, 3] = value
    save_file(weights, copy / "model.safetensors")
    with pytest.raises(
        ModelError, match=r"model\.safetensors: source\.table\.weight has a weight that is NaN"
    ):
        model_directory.load(copy)


def test_large_weights_are_finite(copy: Path) -> None:
    """Their sum is not."""
    weights = load_file(copy / "model.safetensors")
    weights["source.table.weight"][:, 3] = 3e38
    change_config(copy, "", sha256={})
    save_file(weights, copy / "model.safetensors")
    assert model_directory.load(copy).model.source.table.weight[0, 3].item() == pytest.approx(3e38)


def test_a_missing_card_is_accepted(copy: Path) -> None:
    (copy / "README.md").unlink()
    assert model_directory.load(copy).card == ""


def test_a_card_in_another_encoding_is_accepted(copy: Path) -> None:
    (copy / "README.md").write_bytes(b"caf\xe9")
    assert model_directory.load(copy).card == "caf\ufffd"


def test_decoding_settings_are_stored(tmp_path: Path) -> None:
    decoding = DecodingConfig(beam_size=3, length_penalty=0.6)
    model_directory.save(tmp_path / "m", replace(tiny.bundle(), decoding=decoding))
    assert model_directory.load(tmp_path / "m").decoding == decoding


def change_config(path: Path, part: str, **values: Any) -> None:
    """Write other values into config.json: at its top level for the part "", else into that table."""
    config = json.loads((path / "config.json").read_text())
    (config[part] if part else config).update(values)
    (path / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("part", "values", "complaint"),
    [
        ("", {"format": 4}, "format 4, this version reads 1, 2 and 3"),
        ("", {"format": None}, "format None"),
        ("", {"model": None}, "config.json: model: holds NoneType, expected a table of settings"),
        ("", {"model": [1]}, "config.json: model: holds list, expected a table of settings"),
        ("", {"decoding": None}, "config.json: decoding: holds NoneType, expected a table of settings"),
        ("", {"decoding": {"beam": 3}}, "did you mean 'beam_size'"),
        ("model", {"cell": "transformer"}, "expected one of 'gru', 'lstm'"),
        ("model", {"decoder_size": "big"}, "decoder_size is 'big'"),
        ("model", {"decoder_size": 17}, "does not fit its config"),
        ("model", {"decoder_size": -1}, "decoder_size is -1"),
        ("model", {"attention_size": -1}, "attention_size is -1"),
        ("model", {"attention_size": 10**18}, "expected a whole number from 1 to 65,536"),
        ("model", {"tie_output": False}, "decoder.output.weight is missing"),
        ("model", {"source_vocab_size": 7}, "expects 7 source pieces"),
        ("model", {"layers": 2}, "unknown setting 'layers'"),
        ("decoding", {"beam_size": 0}, "beam_size is 0"),
        ("decoding", {"length_penalty": float("nan")}, "length_penalty is nan"),
    ],
)
def test_a_wrong_config_is_an_error_that_names_it(
    copy: Path, part: str, values: dict[str, Any], complaint: str
) -> None:
    change_config(copy, part, **values)
    with pytest.raises(ModelError) as error:
        model_directory.load(copy)
    assert complaint in str(error.value) and str(error.value).count(str(copy)) == 1


OLD_CONFIG = {"source_language": "en", "target_language": "fr"}


def test_a_model_from_before_directions_has_one_direction(copy: Path) -> None:
    config = json.loads((copy / "config.json").read_text())
    del config["directions"]
    (copy / "config.json").write_text(json.dumps(config | OLD_CONFIG))
    loaded = model_directory.load(copy)
    assert loaded.directions == (("en", "fr"),)
    assert (loaded.source_language, loaded.target_language) == ("en", "fr")


def test_one_direction_is_stored_so_that_earlier_versions_read_it(stored: Path) -> None:
    config = json.loads((stored / "config.json").read_text())
    assert config["format"] == 1 and config["directions"] == [["en", "fr"]]
    assert {name: config[name] for name in OLD_CONFIG} == OLD_CONFIG


def test_several_directions_are_stored_so_that_earlier_versions_refuse_them(tmp_path: Path) -> None:
    bundle = tiny.bundle_of_directions(("en", "fr"), ("en", "de"), ("de", "en"))
    model_directory.save(tmp_path / "m", bundle)
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["format"] == 2  # earlier versions read 1 alone, and know no tags
    assert config["directions"] == [["en", "fr"], ["en", "de"], ["de", "en"]]
    assert not OLD_CONFIG.keys() & config.keys()
    assert model_directory.load(tmp_path / "m").directions == bundle.directions


def test_unknown_languages_are_no_direction(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", replace(tiny.bundle(), directions=()))
    config = json.loads((tmp_path / "m" / "config.json").read_text())
    assert config["directions"] == [] and config["source_language"] == ""
    loaded = model_directory.load(tmp_path / "m")
    assert loaded.directions == () and loaded.source_language == loaded.target_language == ""


def test_several_directions_need_a_tag_for_each_target_language(copy: Path) -> None:
    change_config(copy, "", format=2, directions=[["en", "fr"], ["en", "de"]])
    with pytest.raises(ModelError, match=r"directions en-fr, en-de, but .* has no tag for de, fr"):
        model_directory.load(copy)


def test_a_model_can_be_saved_over_itself(copy: Path) -> None:
    """The weights of a loaded model may still be mapped from the file that is replaced."""
    loaded = model_directory.load(copy)
    before = {file.name: file.read_bytes() for file in copy.iterdir()}
    model_directory.save(copy, loaded)
    assert {file.name: file.read_bytes() for file in copy.iterdir()} == before
    assert scores(loaded.model) == scores(model_directory.load(copy).model)


def test_the_card_is_written_from_the_metrics(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", replace(tiny.bundle(), card=""), half=True)
    loaded = model_directory.load(tmp_path / "m")
    assert loaded.card == render(loaded.metrics)
    assert loaded.metrics["model"] == {
        "directions": [["en", "fr"]],
        "network": loaded.model.config.summary,
        "parameters": sum(parameter.numel() for parameter in loaded.model.parameters()),
        "source_vocabulary": tiny.tokenizer().vocab_size,
        "target_vocabulary": tiny.tokenizer().vocab_size,
        "joint": True,
        "weights": "float16",
    }
    model_directory.save(tmp_path / "full", loaded)
    assert "stored in float32" in (tmp_path / "full" / "README.md").read_text(encoding="utf-8")


def test_a_card_that_was_written_by_hand_is_kept(tmp_path: Path) -> None:
    model_directory.save(tmp_path / "m", replace(tiny.bundle(), card="Mine.\n"))
    assert (tmp_path / "m" / "README.md").read_text() == "Mine.\n"
    model_directory.save(tmp_path / "copy", model_directory.load(tmp_path / "m"), half=True)
    assert (tmp_path / "copy" / "README.md").read_text() == "Mine.\n"


def peak_memory() -> float:
    """The most memory that this process has used, in bytes; 0 on a system that does not report it."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


@pytest.mark.parametrize(
    "sizes",
    [
        {"cell_depth": 10**9},
        {"encoder_layers": 100_000},
        {"attention_heads": 10**9},
        {"decoder_size": 10**9},
        {"decoder_size": 10**6},
        {"embedding_size": 10**12},
        {"encoder_size": 2**62},
        {"attention_size": 10**400},
        {"encoder_layers": 10**9},
        {"decoder_layers": 10**15},
        {"decoder_size": 10**9, "decoder_layers": 40, "encoder_layers": 1},
    ],
)
def test_huge_sizes_are_refused_without_time_or_memory(copy: Path, sizes: dict[str, int]) -> None:
    refused_at_once(copy, "model", sizes, r"config\.json: .* is .*, expected a whole number from 1 to ")


def refused_at_once(copy: Path, part: str, values: dict[str, Any], complaint: str) -> None:
    """Other values in config.json are a ModelError within a second and 100 MB."""
    change_config(copy, part, **values)
    started, before = time.process_time(), peak_memory()
    with pytest.raises(ModelError, match=complaint) as error:
        model_directory.load(copy)
    assert time.process_time() - started < 1
    assert peak_memory() - before < 100e6
    assert len(str(error.value)) < 500


@pytest.mark.parametrize(
    ("part", "values", "complaint"),
    [
        (
            "decoding",
            {"max_length_factor": float("inf")},
            "max_length_factor is inf, expected a number from ",
        ),
        ("decoding", {"max_length_factor": 1e308}, "max_length_factor is 1e.308, expected a number from "),
        ("decoding", {"max_length_extra": 10**20}, "max_length_extra is 10*, expected a whole number from 1"),
        ("decoding", {"max_length_extra": 1e20}, "max_length_extra is 1e.20, expected a whole number"),
        ("decoding", {"beam_size": 10**4000}, "beam_size is 10*, expected a whole number from 1 to 200"),
        ("model", {"cell_depth": 1e9}, "cell_depth is 1000000000.0, expected a whole number"),
        ("model", {"cell_depth": 64}, "the file has 26 tensors, too few"),
        ("model", {"cell_depth": 64, "encoder_layers": 64}, "layers is 4224, expected at most 256"),
        ("model", {"target_vocab_size": 10**6}, "the model expects 1000000 target pieces"),
        ("model", {"decoder_size": 65_536}, "does not fit its config"),
    ],
)
def test_huge_settings_are_refused_without_time_or_memory(
    copy: Path, part: str, values: dict[str, Any], complaint: str
) -> None:
    refused_at_once(copy, part, values, complaint)


def test_loading_is_quick_in_a_new_process(stored: Path) -> None:
    """In a new process: some calls make torch import 800 modules, which takes over a second."""
    code = f"""
import sys, time, pathlib, seq2seq, seq2seq.bundle.model_directory
started = time.process_time()
seq2seq.bundle.model_directory.load(pathlib.Path({str(stored)!r}))
seconds = time.process_time() - started
assert seconds < 0.5 and "sympy" not in sys.modules, seconds
"""
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.999])
def test_truncated_weights_are_refused(copy: Path, share: float) -> None:
    path = copy / "model.safetensors"
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    with pytest.raises(ModelError, match=r"model\.safetensors: cannot be read"):
        model_directory.load(copy)


def test_an_additional_and_a_missing_weight_are_refused(copy: Path) -> None:
    weights = load_file(copy / "model.safetensors")
    save_file(weights | {"more": torch.zeros(1)}, copy / "model.safetensors")
    with pytest.raises(ModelError, match=r"more is \(1,\), expected nothing"):
        model_directory.load(copy)
    del weights["decoder.readout.bias"]
    save_file(weights, copy / "model.safetensors")
    with pytest.raises(ModelError, match=r"decoder\.readout\.bias is missing"):
        model_directory.load(copy)


def python_object(mark: Path) -> bytes:
    """An object in Python's own format that creates the file `mark` when it is unpacked."""
    return b"cos\nsystem\n(S'touch " + str(mark).encode() + b"'\ntR."


def archive(mark: Path) -> bytes:
    """Such an object in a zip archive, the form of torch's own files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("archive/data.pkl", python_object(mark))
    return buffer.getvalue()


HUGE_HEADER = (2**62).to_bytes(8, "little") + b"{}"
OVERLAP = json.dumps(
    {"a": {"dtype": "F32", "shape": [2**40, 2**40], "data_offsets": [0, 4]}, "__metadata__": {"a": "b"}}
).encode()

HOSTILE: list[tuple[str, Callable[[Path], bytes]]] = [
    ("model.safetensors", python_object),
    ("model.safetensors", archive),
    ("model.safetensors", lambda mark: HUGE_HEADER),
    ("model.safetensors", lambda mark: len(OVERLAP).to_bytes(8, "little") + OVERLAP + b"\0\0\0\0"),
    ("joint.model", python_object),
    ("joint.model", lambda mark: b"\x0a" * 100_000),
    ("config.json", python_object),
    ("config.json", lambda mark: f"__import__('os').system('touch {mark}')".encode()),
    ("config.json", lambda mark: b'{"format": ' + b"[" * 200_000),
    ("metrics.json", lambda mark: json.dumps(["!!python/object/apply:os.system", f"touch {mark}"]).encode()),
]


@pytest.mark.parametrize(("name", "content"), HOSTILE)
def test_hostile_files_are_refused_and_run_no_code(
    copy: Path, tmp_path: Path, name: str, content: Callable[[Path], bytes]
) -> None:
    mark = tmp_path / "ran"
    (copy / name).write_bytes(content(mark))
    with pytest.raises(ModelError):
        model_directory.load(copy)
    assert not mark.exists()
