#!/usr/bin/env python3
"""Writes expected.json: what transformers renders from the templates here.

    python make.py

Needs transformers 5. expressions.txt has small templates, which are separated by lines with a §; templates/ has whole
ones, each with its conversations. A template that transformers refuses has null for its text."""
import json, pathlib
from transformers.utils.chat_template_utils import _normalize_chat_messages, render_jinja_template

HERE = pathlib.Path(__file__).resolve().parent
ROLES = {"bos_token": "<s>", "eos_token": "</s>"}
COMMON = json.loads((HERE / "conversation.json").read_text())


def rendered(template, messages, tools=None, ending="open"):
    try:
        messages = _normalize_chat_messages(json.loads(json.dumps(messages)))
        return render_jinja_template([messages], tools=tools, chat_template=template, add_generation_prompt=ending == "open",
                                     continue_final_message=ending == "continued", **ROLES)[0][0]
    except Exception:
        return None


def main():
    out = {"expressions": [], "conversations": []}
    for template in (HERE / "expressions.txt").read_text().split("\n§\n"):
        text = rendered(template, COMMON["messages"], COMMON["tools"])
        assert text is None or " object at 0x" not in text, template
        out["expressions"].append([template, text])
    for path in sorted((HERE / "templates").glob("*.json")):
        template = path.with_suffix(".jinja").read_text()
        for case in json.loads(path.read_text()):
            text = rendered(template, case["messages"], case.get("tools"), case["ending"])
            out["conversations"].append({"template": path.stem, **case, "text": text})
    lists = [f'"{name}": [\n' + ",\n".join(json.dumps(x, ensure_ascii=False) for x in rows) + "\n]" for name, rows in out.items()]
    (HERE / "expected.json").write_text("{\n" + ",\n".join(lists) + "\n}\n")


if __name__ == "__main__":
    main()
