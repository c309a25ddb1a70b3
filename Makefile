# make demo   install into .venv, then segment a real clip in all six tasks
# make test   install into .venv, then format check, types and tests
VENV ?= .venv
OUT ?= out/demo

.PHONY: demo test slow
demo: $(VENV)/.installed
	$(VENV)/bin/vidseg demo --out $(OUT)

test: $(VENV)/.installed
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/pre-commit validate-config
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest -n auto --maxprocesses 4 --dist loadfile --ignore tests/fuzz
	OMP_NUM_THREADS=1 $(VENV)/bin/pytest tests/fuzz

slow: $(VENV)/.installed
	$(VENV)/bin/pytest -m slow

$(VENV)/.installed: pyproject.toml constraints-cpu.txt scripts/install.sh
	./scripts/install.sh $(VENV) dev
	@touch $@
