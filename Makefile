# Redress: build, test, run. `make help` lists the targets.
#
# BUILD    where everything that is made goes (default: build)
# FLAVOUR  release (default), or asan: AddressSanitizer and UndefinedBehaviorSanitizer; fuzz: the
#          same under libFuzzer, by clang; failpoints: release that dies where a test tells it to
#          (common/failpoint.h)

BUILD   ?= build
FLAVOUR ?= release
OUT     := $(BUILD)/$(FLAVOUR)
GEN     := $(BUILD)/gen
BIN     := $(OUT)/bin

# V=1 shows the commands whole.
say = $(if $(V),,@$(if $(findstring s,$(firstword -$(MAKEFLAGS))),,echo '  $(1) $(@:$(BUILD)/%=%)';) )

CC      ?= cc
PKGS    := libprotobuf-c libpq rdkafka jansson libcurl libmicrohttpd libsodium libcrypto liblzma
PKGS_DMN := expat libpcre2-8

WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Wformat=2 -Wvla -Wswitch-enum -Werror
ifeq ($(FLAVOUR),fuzz)
WARNINGS := -w
endif
HARDENING := -D_FORTIFY_SOURCE=3 -fstack-protector-strong -fstack-clash-protection -fcf-protection
FLAGS_release := -O2 -g1 $(HARDENING)
FLAGS_failpoints := $(FLAGS_release) -DREDRESS_FAILPOINTS
FLAGS_asan := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
FLAGS_fuzz := -O1 -g -fno-omit-frame-pointer -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined
LDFLAGS_release := -pie -Wl,-z,relro,-z,now
LDFLAGS_failpoints := $(LDFLAGS_release)
LDFLAGS_asan := -pie -fsanitize=address,undefined
LDFLAGS_fuzz := -pie -fsanitize=fuzzer,address,undefined

CFLAGS  := -std=c17 -D_GNU_SOURCE -fPIE $(FLAGS_$(FLAVOUR)) $(WARNINGS) $(EXTRA_CFLAGS)
CPPFLAGS := -I. -Icommon -isystem $(GEN) $(shell pkg-config --cflags $(PKGS) $(PKGS_DMN) 2>/dev/null | sed 's/-I/-isystem /g')
LDFLAGS := $(LDFLAGS_$(FLAVOUR)) $(EXTRA_LDFLAGS)
LDLIBS  := $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lcsv -lpthread
LDLIBS_DMN := $(shell pkg-config --libs $(PKGS_DMN) 2>/dev/null) -lbidgcc000 -lm

PROTOS    := $(sort $(wildcard proto/redress/v1/*.proto))
GEN_C     := $(PROTOS:proto/%.proto=$(GEN)/%.pb-c.c) $(GEN)/google/protobuf/timestamp.pb-c.c
GEN_STAMP := $(GEN)/.stamp

WORKERS   := intake policy routing settlement analytics
SERVICES  := $(notdir $(patsubst %/main.c,%,$(wildcard services/*/main.c)))
COMMON_C  := $(wildcard common/*.c common/worker/*.c common/assessment/*.c common/authority/*.c common/rules/*.c)
DMN_C     := $(wildcard common/dmn/*.c)
SANDBOX_C := $(wildcard tests/sandbox/*.c)
UNIT_C    := $(wildcard tests/unit/*_test.c)
UNIT_SUPPORT_C := $(filter-out $(UNIT_C),$(wildcard tests/unit/*.c))
BENCH_C   := $(wildcard tests/bench/*.c)

objects    = $(patsubst %.c,$(OUT)/%.o,$(1))
LIB_COMMON := $(OUT)/libredress.a
LIB_DMN    := $(if $(DMN_C),$(OUT)/libdmn.a)
service_lib = $(OUT)/lib$(1).a
service_c   = $(filter-out services/$(1)/main.c,$(wildcard services/$(1)/*.c))
SERVICE_LIBS := $(foreach s,$(SERVICES),$(if $(call service_c,$(s)),$(call service_lib,$(s))))
PROGRAMS  := $(SERVICES:%=$(BIN)/%) $(if $(SANDBOX_C),$(BIN)/sandbox)
UNIT_BINS := $(UNIT_C:tests/unit/%.c=$(BIN)/unit/%)
BENCH_BINS := $(BENCH_C:tests/bench/%.c=$(BIN)/bench/%)

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all help
all: $(PROGRAMS) ## build every program (release flavour)

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  %-14s %s\n", $$1, $$2}'

# Contract: protobuf-c code from proto/, included as system code.
$(GEN_STAMP): $(PROTOS)
	@mkdir -p $(GEN)
	$(call say,PB)protoc-c --c_out=$(GEN) -Iproto -I/usr/include $(PROTOS:proto/%=%)
	@protoc-c --c_out=$(GEN) -I/usr/include /usr/include/google/protobuf/timestamp.proto
	@touch $@
$(PROTOS:proto/%.proto=$(GEN)/%.pb-c.c) $(GEN)/google/protobuf/timestamp.pb-c.c: $(GEN_STAMP) ;

$(OUT)/gen/%.o: $(GEN)/%.c | $(GEN_STAMP)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) -std=c17 -fPIE $(FLAGS_$(FLAVOUR)) $(EXTRA_CFLAGS) -w -Icommon -isystem $(GEN) $(shell pkg-config --cflags libpq) -c -o $@ $<

$(OUT)/%.o: %.c | $(GEN_STAMP)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c -o $@ $<

# Migrations: the SQL files of the loop and of each service, embedded.
MIGRATED := worker rules tally clerk $(patsubst services/%/migrations,%,$(wildcard services/*/migrations))
migration_folder_worker := common/worker
migration_folder_rules := common/rules
migration_folder_tally := tests/loop
migration_folder_clerk := tests/rules
migration_files = $(sort $(wildcard $(or $(migration_folder_$(1)),services/$(1))/migrations/*.sql))
define migration_rules
$(GEN)/migrations/$(1).c: $(call migration_files,$(1)) common/embed_migrations.sh
	@mkdir -p $$(@D)
	common/embed_migrations.sh $(1) $(call migration_files,$(1)) > $$@
endef
$(foreach m,$(MIGRATED),$(eval $(call migration_rules,$(m))))
GEN_C += $(MIGRATED:%=$(GEN)/migrations/%.c)

$(LIB_COMMON): $(call objects,$(COMMON_C)) $(GEN_C:$(GEN)/%.c=$(OUT)/gen/%.o)
	@mkdir -p $(@D); rm -f $@
	$(call say,AR)ar rcs $@ $^

$(OUT)/libdmn.a: $(call objects,$(DMN_C))
	@mkdir -p $(@D); rm -f $@
	$(call say,AR)ar rcs $@ $^

define service_rules
$(call service_lib,$(1)): $(call objects,$(call service_c,$(1)))
	@mkdir -p $$(@D); rm -f $$@
	$$(call say,AR)ar rcs $$@ $$^
$(BIN)/$(1): $(OUT)/services/$(1)/main.o $(if $(call service_c,$(1)),$(call service_lib,$(1))) $(LIB_COMMON) $(LIB_DMN)
	@mkdir -p $$(@D)
	$$(call say,LD)$(CC) $(LDFLAGS) -o $$@ $$^ $(LDLIBS) $(LDLIBS_DMN)
endef
$(foreach s,$(SERVICES),$(eval $(call service_rules,$(s))))

$(BIN)/sandbox: $(call objects,$(SANDBOX_C)) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BIN)/tally $(BIN)/feed: $(BIN)/%: $(OUT)/tests/loop/%.o $(LIB_COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# The worker loop, and what is decided, in worlds of their own (tests/simulation/README.md).
SIMULATION_C := $(wildcard tests/simulation/*.c)
$(BIN)/simulate: $(call objects,$(SIMULATION_C)) $(foreach s,intake routing settlement,$(call service_lib,$(s))) $(LIB_COMMON) $(LIB_DMN)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -Wl,--wrap=poll,--wrap=clock_monotonic_us,--wrap=signature_holds -o $@ $^ $(LDLIBS) $(LDLIBS_DMN)

$(BIN)/clerk: $(call objects,tests/rules/clerk.c) $(LIB_COMMON) $(LIB_DMN)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(LDLIBS_DMN)

$(BIN)/unit/%: $(OUT)/tests/unit/%.o $(call objects,$(UNIT_SUPPORT_C)) $(SERVICE_LIBS) $(LIB_COMMON) $(LIB_DMN)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(LDLIBS_DMN) -lcriterion

$(BIN)/bench/%: $(OUT)/tests/bench/%.o $(LIB_DMN) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(LDLIBS_DMN)

-include $(shell find $(OUT) -name '*.d' 2>/dev/null)

.PHONY: demo
demo: setup ## show the whole process on a made shop, or on DATA=file.csv[.xz]
	@$(SUBMAKE) all
	@STACK_BIN=$(BIN) deploy/demo.sh $(BUILD)/demo $(DATA)

# Tests (tests/README.md). ONLY=pattern takes the test programs whose name matches. Unit tests run
# under the sanitizers, the others drive the release programs.
TEST_PROGRAMS := $(foreach t,tally feed,$(if $(wildcard tests/loop/$(t).c),$(BIN)/$(t))) $(BIN)/simulate $(BIN)/clerk
C_SOURCES := $(COMMON_C) $(DMN_C) $(SANDBOX_C) $(wildcard services/*/*.c tests/unit/*.c tests/loop/*.c tests/rules/*.c tests/simulation/*.c tests/bench/*.c tests/bench/*/*.c tests/fuzz/*.c tests/fuzz/*/*.c)
C_TEXTS   := $(C_SOURCES) $(wildcard common/*.h common/*/*.h services/*/*.h tests/*/*.h tests/*/*/*.h)
FORMAT_VERSION := 14
RUN_TESTS = tests/run --unit $(BUILD)/asan/bin/unit --programs $(BUILD)/release/bin \
            --logs $(BUILD)/test-logs
.PHONY: unit-programs test-programs test check format format-check
unit-programs: $(UNIT_BINS)
test-programs: $(PROGRAMS) $(TEST_PROGRAMS)

test: setup ## build and run every test, or those of ONLY=pattern
	@$(SUBMAKE) FLAVOUR=asan unit-programs fuzz-programs
	@$(SUBMAKE) FLAVOUR=release test-programs
	@BUILD=$(abspath $(BUILD)) $(RUN_TESTS) --only '$(ONLY)'

check: format-check ## quick: format, warnings, unit tests, layout rules
	@$(SUBMAKE) FLAVOUR=asan unit-programs
	@$(SUBMAKE) FLAVOUR=release test-programs
	@$(RUN_TESTS) --quick --only '$(ONLY)'
	@$(SUBMAKE) count

format: ## format all C with clang-format
	clang-format -i $(C_TEXTS)

# Other versions of clang-format break some lines elsewhere.
format-check:
	@if clang-format --version 2>/dev/null | grep -q 'version $(FORMAT_VERSION)\.'; then \
	    wrong=$$(for file in $(C_TEXTS); do \
	        clang-format --dry-run -Werror $$file 2>/dev/null || echo "  $$file"; done); \
	    test -z "$$wrong" || { echo "make format would change"; echo "$$wrong"; exit 1; }; \
	else echo "format not checked: this needs clang-format $(FORMAT_VERSION)"; fi

.PHONY: goldens
goldens: ## write the expected outputs of the golden tests anew; look at the difference
	@$(SUBMAKE) FLAVOUR=asan $(BUILD)/asan/bin/unit/policy_golden_test
	@REDRESS_GOLDENS=write $(BUILD)/asan/bin/unit/policy_golden_test
	@git diff --stat -- tests/golden deploy/policies/FACTS.md

.PHONY: compile_commands.json
compile_commands.json: ## write the compiler's command for each source, for editors and clang-tidy
	@{ printf '['; separator=; for source in $(C_SOURCES); do \
	    printf '%s\n{"directory": "$(CURDIR)", "file": "%s", "command": "%s"}' "$$separator" \
	        "$$source" "$(CC) $(CPPFLAGS) $(CFLAGS) -c $$source"; separator=,; \
	done; printf '\n]\n'; } > $@

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(BUILD)

# What installs or starts something builds by a fresh `make`, as what is installed is looked up first.
SUBMAKE = $(MAKE) --no-print-directory $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# Set-up and local stack (deploy/README.md).
STACK ?= $(BUILD)/stack
.PHONY: setup up down
setup: ## install what is missing on this machine
	@deploy/setup.sh

up: setup ## start Kafka, PostgreSQL, sandbox and workers on free ports, data under build/stack
	@$(SUBMAKE) all
	@STACK_BIN=$(BIN) deploy/local/stack.sh up $(STACK)
	@STACK_BIN=$(BIN) deploy/local/stack.sh status $(STACK)

down: ## stop what `make up` started; the data stays
	@deploy/local/stack.sh down $(STACK)

.PHONY: containers-test
containers-test: setup ## try docker-compose.yml on stand-in images (tests/containers/README.md)
	@tests/containers/try.sh

# Benchmarks (tests/bench/README.md). BENCH_OPTIONS goes to tests/bench/pipeline.py.
$(BIN)/bench/load: $(call objects,tests/bench/load.c $(wildcard tests/bench/load/*.c)) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BIN)/bench/dmn: $(call objects,tests/bench/dmn.c $(wildcard tests/bench/dmn/*.c)) $(LIB_DMN) $(LIB_COMMON)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(LDLIBS_DMN)

# With tests/unit, whose walks it counts.
COUNT_C := $(wildcard tests/bench/count/*.c)
$(BIN)/bench/count: $(call objects,$(COUNT_C) $(UNIT_SUPPORT_C)) $(SERVICE_LIBS) $(LIB_COMMON) $(LIB_DMN)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) $(LDLIBS_DMN) -lcriterion

.PHONY: bench bench-programs bench-peers bench-growth bench-dmn count
count: ## count the instructions per event beside the baseline (tests/bench/count.py)
	@$(SUBMAKE) FLAVOUR=release $(BUILD)/release/bin/bench/count
	@tests/bench/count.py $(BUILD)/release/bin/bench/count || test $$? = 77
bench-programs: $(PROGRAMS) $(BENCH_BINS)
bench: setup ## measure the pipeline beside a bare loop, into build/bench/pipeline.json
	@$(SUBMAKE) FLAVOUR=release bench-programs
	@tests/bench/pipeline.py --programs $(BUILD)/release/bin --work $(BUILD)/bench $(BENCH_OPTIONS)
bench-peers: setup ## measure a stage beside peers in other languages, into build/bench/peers.json
	@$(SUBMAKE) FLAVOUR=release test-programs
	@tests/bench/peers.py --programs $(BUILD)/release/bin --work $(BUILD)/bench $(BENCH_OPTIONS)
bench-growth: setup ## measure what an event costs as rows, shards and instances grow
	@$(SUBMAKE) FLAVOUR=release test-programs
	@tests/bench/growth.py --programs $(BUILD)/release/bin --work $(BUILD)/bench $(BENCH_OPTIONS)

SEEDS ?= 1000000
.PHONY: simulate
simulate: setup ## run the worker loop, or WORLD=--claims, --cases or --payouts, in a world that fails, SEEDS=1000000
	@$(SUBMAKE) FLAVOUR=release $(BUILD)/release/bin/simulate
	@$(BUILD)/release/bin/simulate $(WORLD) --seeds $(SEEDS)

# Models of the protocols (tests/model/README.md); make test has the short form.
.PHONY: model
model: setup ## walk through every interleaving of the protocols' models, a few minutes
	@tests/model/model_test.py --full

bench-dmn: setup ## measure the decision engine beside C and Apache KIE, into build/bench/dmn.json
	@$(SUBMAKE) FLAVOUR=release $(BIN)/bench/dmn
	@tests/bench/dmn.py --program $(BUILD)/release/bin/bench/dmn --work $(BUILD)/bench/dmn $(BENCH_OPTIONS)

# Fuzzing (tests/fuzz/README.md): each target for SECONDS with SEED, under the sanitizers; by libFuzzer
# where clang is installed, else by a driver of ours. The unit tests' worlds, built against
# tests/fuzz/checks instead of Criterion, are in a library: each target takes what it needs.
SECONDS ?= 60
SEED    ?= 1
FUZZ_TARGETS ?= feel model table message json webhook answer retail config rules claim assess route settle
FUZZ_WORLDS := random_table source one_event intake_walk policy_world routing_fixture routing_walk \
               settlement_world settlement_walk
FUZZ_BINS = $(FUZZ_TARGETS:%=$(BIN)/fuzz/%)
LIB_FUZZ := $(OUT)/libfuzz.a
$(OUT)/tests/fuzz/%.o: CPPFLAGS := -isystem tests/fuzz/checks $(CPPFLAGS)
$(OUT)/tests/fuzz/worlds/%.o: tests/unit/%.c | $(GEN_STAMP)
	@mkdir -p $(@D)
	$(call say,CC)$(CC) $(CPPFLAGS) $(CFLAGS) -MD -MP -c -o $@ $<
$(LIB_FUZZ): $(FUZZ_WORLDS:%=$(OUT)/tests/fuzz/worlds/%.o) $(call objects,$(wildcard tests/fuzz/decoders/*.c))
	@mkdir -p $(@D); rm -f $@
	$(call say,AR)ar rcs $@ $^
$(BIN)/fuzz/%: $(OUT)/tests/fuzz/%.o $(LIB_FUZZ) $(SERVICE_LIBS) $(LIB_COMMON) $(LIB_DMN) $(LIB_COMMON) $(if $(filter fuzz,$(FLAVOUR)),,$(OUT)/tests/fuzz/mutate.o)
	@mkdir -p $(@D)
	$(call say,LD)$(CC) $(LDFLAGS) -o $@ $+ $(LDLIBS) $(LDLIBS_DMN)

.PHONY: fuzz fuzz-programs
fuzz-programs: $(FUZZ_BINS)
fuzz: setup ## throw broken input at parsers and decisions, SECONDS=60 SEED=1 FUZZ_TARGETS='feel webhook'
	@deploy/setup.sh --fuzz || echo "without libFuzzer: inputs are changed at random"
	@if command -v clang >/dev/null; then $(SUBMAKE) FLAVOUR=fuzz CC=clang fuzz-programs; \
	else $(SUBMAKE) FLAVOUR=asan fuzz-programs; fi
	@tests/fuzz/fuzz.sh $(BUILD) $(SECONDS) $(SEED) $(FUZZ_TARGETS)

# Campaigns (tests/faults/README.md): `make test` runs short forms of them.
MINUTES ?= 10
.PHONY: torture
torture: setup ## kill, freeze and cut everything under load, SEED=1 MINUTES=10
	@$(SUBMAKE) FLAVOUR=failpoints all
	@tests/faults/torture.py $(BUILD)/failpoints/bin --seed $(SEED) --minutes $(MINUTES) $(TORTURE_OPTIONS)

.PHONY: mutants
mutants: setup ## plant bugs one at a time, and show which instrument finds each
	@tests/mutants/run.py $(MUTANT_OPTIONS)

PAYOUTS ?= 200000
KILLS   ?= 200
.PHONY: torture-settlement
torture-settlement: setup ## kill settlement under faulty providers, SEED=1 PAYOUTS=200000 KILLS=200
	@$(SUBMAKE) FLAVOUR=release all
	@tests/faults/settlement_test.py $(BUILD)/release/bin --seed $(SEED) --payouts $(PAYOUTS) \
	    --kills $(KILLS) $(TORTURE_OPTIONS)
