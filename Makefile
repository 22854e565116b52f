# One set of flags for everything, so that nothing is compiled twice; without debug information, which takes a fifth of the
# time. The C libraries must be there to build.
swift_flags := -c release -Xswiftc -enable-testing -Xswiftc -gnone -Xcc -g0
# Tests that change how the whole process computes; and those that watch the clock or the memory of the process, which
# others beside them move, so that they run one after the other.
apart := KernelTests
timed := EngineTests|ServerTests|RemotePictureTests
emulated := -Xcc -DKERNELS_EMULATED -Xswiftc -DKERNELS_EMULATED
OMNIGEN2_GOLDENS ?= Tests/Fixtures/goldens
PYTHON ?= python3
SHAPES_SEED ?= 1
SHAPES_COUNT ?= 200
SHAPES_PAIRS ?= 600

.PHONY: help bootstrap build test emulated-test serve-test demo bench bench-compare shapes-bench shapes-speedups shapes-model parity format lint docs release-bundle

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/\1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "make %-15s %s\n", $$1, $$2 }'

bootstrap: ## install the C libraries and libtorch, where missing
	scripts/bootstrap

build: bootstrap ## compile the libraries and programs
	swift build $(swift_flags)

test: bootstrap ## run all tests
	swift build --build-tests $(swift_flags)
	@rm -f .build/release.yaml # so that the example is planned: its build folder is the package's
	swift build --package-path Examples/Embed --scratch-path .build --product embed $(swift_flags)
	swift test --skip-build $(swift_flags) --skip '$(apart)' --skip '$(timed)'
	swift test --skip-build $(swift_flags) --filter '$(apart)'
	swift test --skip-build $(swift_flags) --no-parallel --filter '$(timed)'
	scripts/tests/bootstrap
	scripts/tests/gpu-check
	scripts/tests/integrations
	scripts/docs

emulated-test: bootstrap ## test the kernels with NEON's and AMX's instructions emulated; takes libsimde-dev
	swift build --build-tests --scratch-path .build/emulated $(swift_flags) $(emulated)
	swift test --skip-build --scratch-path .build/emulated $(swift_flags) $(emulated) --filter '$(apart)'

serve-test: bootstrap ## tests of the server with OpenAI's client, a browser, fuzzing and load
	swift build --product omnigen2 $(swift_flags)
	scripts/serve-test

demo: bootstrap ## draw, edit, compose and describe with the small model, and show it on one sheet
	swift build --product omnigen2 $(swift_flags)
	swift build --product shapes $(swift_flags)
	scripts/demo

bench: bootstrap ## measure kernels and models of the published size, with random weights
	swift build --product omnigen2 $(swift_flags)
	.build/release/omnigen2 bench

bench-compare: bootstrap ## run the original's code, a checkout in OFFICIAL, and ours in turn
	swift build --product omnigen2 $(swift_flags)
	$(PYTHON) scripts/bench-compare $(OFFICIAL) $(if $(CASES),--cases $(CASES)) $(if $(PAIRS),--pairs $(PAIRS)) $(if $(QUANTIZE),--quantize $(QUANTIZE))

shapes-bench: bootstrap ## judge the small model on SHAPES_COUNT cases of each task, from SHAPES_SEED
	swift build --product shapes $(swift_flags)
	.build/release/shapes bench --seed $(SHAPES_SEED) --count $(SHAPES_COUNT)

shapes-speedups: bootstrap ## what number types, solvers and step caches cost in quality, on paired cases
	swift build --product shapes $(swift_flags)
	.build/release/shapes speedups --seed $(SHAPES_SEED) --count $(SHAPES_PAIRS)

shapes-model: bootstrap ## train the small model from nothing, for days, or go on with that
	swift build --product omnigen2 $(swift_flags)
	swift build --product shapes $(swift_flags)
	scripts/shapes-model

parity: bootstrap ## compare with the recorded numbers of the original in OMNIGEN2_GOLDENS
	swift build --product parity $(swift_flags)
	.build/release/parity $(OMNIGEN2_GOLDENS)

format: ## format the Swift sources
	swift format --in-place --recursive Sources Tests Examples Package.swift

lint: ## check the format of the Swift sources
	swift format lint --strict --recursive Sources Tests Examples Package.swift

docs: build ## build the library's documentation, in .build/docs
	scripts/docs

release-bundle: bootstrap ## build the archive for machines without Swift, in dist/
	scripts/release-bundle
