// What a lease costs that a program trains, and how fast snapshots are handed over.
//   build/tests/bench/process/bench_process

#include <benchmark/benchmark.h>

#include <stdexcept>

#include "trainer/process/process_trainer.hpp"

namespace stemma {
namespace {

struct Bench {
    explicit Bench(std::int64_t bytes, std::uint32_t processes = 0) {
        Parameter size;
        size.name = "bytes";
        size.domain = Constant{bytes};
        space = std::make_shared<const SearchSpace>(std::vector{size});
        configuration = space->from_literals({});
        ProcessSettings settings;
        settings.command = {STEMMA_PYTHON, "-S", STEMMA_BENCH_PROGRAM};
        settings.metrics = {{"valid_loss"}};
        settings.needed_metrics = {"valid_loss"};
        settings.environment = read_environment();
        settings.processes = processes;
        static const auto starter = std::make_shared<ChildStarter>();
        trainer = make_process_trainer(settings, starter);
    }

    Trained lease(const Snapshot* start) {
        auto result = trainer->train({.member = {0},
                                      .configuration = {*space, configuration},
                                      .from = start == nullptr ? 0 : 1,
                                      .to = 2,
                                      .start = start});
        if (const auto* failure = std::get_if<TrainFailure>(&result)) throw std::runtime_error(failure->message);
        return std::move(std::get<Trained>(result));
    }

    /// A training of the member whose last process is killed at once.
    void fail() {
        const auto result = trainer->train({.member = {1}, .configuration = {*space, configuration}, .to = 2});
        if (!std::holds_alternative<TrainFailure>(result)) throw std::runtime_error("no process died");
    }

    std::shared_ptr<const SearchSpace> space;
    Configuration configuration;
    std::unique_ptr<Trainer> trainer;
};

void lease_without_snapshot(benchmark::State& state) {
    Bench bench(0);
    bench.lease(nullptr);
    for (auto _ : state) benchmark::DoNotOptimize(bench.lease(nullptr).reached);
}
BENCHMARK(lease_without_snapshot)->UseRealTime();

/// A member that several processes train together: each gets the lease, and all reports are waited for.
void lease_of_processes(benchmark::State& state) {
    Bench bench(0, static_cast<std::uint32_t>(state.range(0)));
    bench.lease(nullptr);
    for (auto _ : state) benchmark::DoNotOptimize(bench.lease(nullptr).reached);
}
BENCHMARK(lease_of_processes)->Arg(1)->Arg(2)->Arg(4)->Arg(8)->UseRealTime();

/// From the start of the programs to their first report: what each new process group costs.
void start_of_processes(benchmark::State& state) {
    for (auto _ : state) {
        Bench bench(0, static_cast<std::uint32_t>(state.range(0)));
        benchmark::DoNotOptimize(bench.lease(nullptr).reached);
    }
}
BENCHMARK(start_of_processes)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

/// From the death of a process in a training to the first report of the next one. The start of its programs is in it.
void lease_after_a_dead_process(benchmark::State& state) {
    Bench bench(0, static_cast<std::uint32_t>(state.range(0)));
    bench.lease(nullptr);
    for (auto _ : state) {
        bench.fail();
        benchmark::DoNotOptimize(bench.lease(nullptr).reached);
    }
}
BENCHMARK(lease_after_a_dead_process)->Arg(1)->Arg(4)->UseRealTime()->Unit(benchmark::kMillisecond);

/// Both directions: the start snapshot to the program, the next snapshot back.
void lease_with_snapshots(benchmark::State& state) {
    Bench bench(state.range(0) << 20U);
    auto last = bench.lease(nullptr);
    for (auto _ : state) last = bench.lease(&last.snapshot);
    state.SetBytesProcessed(2 * state.iterations() * (state.range(0) << 20U));
}
BENCHMARK(lease_with_snapshots)->Arg(1)->Arg(16)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);

/// The baseline: copying as many bytes in this process.
void copy_in_memory(benchmark::State& state) {
    const Bytes from(static_cast<std::size_t>(state.range(0)) << 20U, std::byte{1});
    Bytes to(from.size());
    for (auto _ : state) {
        std::copy(from.begin(), from.end(), to.begin());
        benchmark::ClobberMemory();
    }
    state.SetBytesProcessed(state.iterations() * (state.range(0) << 20U));
}
BENCHMARK(copy_in_memory)->Arg(256)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace stemma
