# `make` shows what there is. Everything is installed into .venv, made on first use.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := runs/demo

# which search space `make search` searches: tiny_video or evanet
SPACE := tiny_video

# tests wait for child processes much of their time: three workers for each two cores
WORKERS = $(shell echo $$(( ($$(nproc) * 3 + 1) / 2 )))

# what `make images` builds: train-gpu is for nodes with NVIDIA GPUs, and several GB larger
IMAGES := evolve train

# where the images are pushed to, as components/images.py has it
REGISTRY = $(or $(VIDEONAS_REGISTRY),videonas)
VERSION = $(shell $(PYTHON) -c 'import videonas; print(videonas.__version__)')

.PHONY: help constraints search test lint types walls test-slow test-networks test-python images test-images compile readmes clean

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(READY): setup.cfg pyproject.toml constraints.txt
	@echo "installing into $(VENV): a minute or two, 2 GB"
	@PYTHON=$(PYTHON) bash scripts/make_venv.sh $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt \
	  -e '.[train,pipelines,dev]'
	@touch $@

constraints: $(READY)  ## renews constraints.txt: the newest versions that setup.cfg allows
	$(BIN)/pip install --quiet uv
	UV_CUSTOM_COMPILE_COMMAND='make constraints' $(BIN)/uv pip compile setup.cfg --universal \
	  --python-version 3.10 --upgrade --no-annotate --no-emit-index-url --quiet \
	  --constraints scripts/constraints.in \
	  $(addprefix --extra ,train gpu gcs s3 pipelines benchmarks dev) --output-file constraints.txt

search: $(READY)  ## searches over demo videos on this machine; again to go on; SPACE=evanet
	$(BIN)/videonas demo-videos $(DEMO)/videos
	$(BIN)/python -m pipelines run $(SPACE) --videos $(DEMO)/videos \
	  --search-root $(DEMO)/$(SPACE) --settings pipelines/$(SPACE)/demo.yaml

test: lint types walls  ## everything that has to pass
	$(BIN)/pytest -m 'not slow and not docker' -n $(WORKERS) --dist loadfile --no-loadscope-reorder

lint: $(READY)
	$(BIN)/ruff check .

types: $(READY)
	$(BIN)/mypy

walls: $(READY)
	$(BIN)/lint-imports

test-slow: $(READY)  ## what trains many networks
	$(BIN)/pytest -m slow -n $(WORKERS)

test-networks: $(READY)  ## what runs networks; for another set of kernels, see docs/processors.md
	$(BIN)/pytest -m 'not slow and not docker' -n $(WORKERS) --dist loadfile \
	  tests/networks tests/evaluation tests/training tests/export tests/benchmarks tests/running

test-python: $(READY)  ## what may differ between versions of Python; PYTHON=python3.13 VENV=DIR
	$(BIN)/pytest -m 'not slow and not docker' -n $(WORKERS) --dist loadfile \
	  tests/spaces tests/search tests/networks/test_tiny_video_network.py tests/networks/test_itgm.py \
	  tests/training tests/evaluation tests/export/test_tflite.py tests/export/test_saved_model.py \
	  tests/data/test_decoding.py tests/data/test_prepare.py tests/running/test_local_run.py \
	  tests/cli tests/pipelines/test_compiled.py tests/test_constraints.py

images:  ## builds the containers' images; IMAGES=train-gpu for GPUs; BUILD_FLAGS for docker build
	for image in $(IMAGES); do \
	  docker build $(BUILD_FLAGS) --file images/Dockerfile --target $$image \
	    --label org.opencontainers.image.version=$(VERSION) --tag $(REGISTRY)/$$image:$(VERSION) . \
	  || exit; \
	done

test-images: $(READY) images  ## runs a generation in the images' containers
	VIDEONAS_REGISTRY=$(REGISTRY) $(BIN)/pytest -m docker tests/images

compile: $(READY)  ## compiles the pipelines again, after a change to them
	for space in tiny_video evanet; do \
	  $(BIN)/python -m pipelines compile $$space --output pipelines/$$space/$$space.yaml || exit 1; done

readmes: $(READY)  ## writes the tables of the components' and the main README again
	$(BIN)/python scripts/generate_readmes.py

clean:  ## removes what was installed and built, not what was searched
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache
