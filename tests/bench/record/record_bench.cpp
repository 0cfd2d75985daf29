// Appending to and reading from a run file. Items are inputs. Each input is a report with two rows of metrics, answered
// by a birth and a lease. Argument: inputs for each commit. Files go to TMPDIR.

#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>

#include "record/hdf5/run_file.hpp"
#include "unit/record/record_samples.hpp"

namespace stemma {
namespace {

std::filesystem::path bench_file() {
    return std::filesystem::temp_directory_path() / ("stemma_bench_" + std::to_string(::getpid()) + ".h5");
}

std::vector<record::Entry> sample_entries(std::size_t count) {
    testing::SampleRun run;
    std::vector<record::Entry> entries;
    for (std::size_t i = 0; i < count; ++i) entries.push_back(run.next());
    return entries;
}

constexpr std::size_t entry_count = 200'000;

void append(benchmark::State& state) {
    const auto entries = sample_entries(entry_count);
    const auto file = bench_file();
    for (auto _ : state) {
        state.PauseTiming();
        std::filesystem::remove(file);
        auto writer = record::RunFileWriter::create(file, testing::sample_header());
        state.ResumeTiming();
        std::int64_t uncommitted = 0;
        for (const auto& entry : entries) {
            writer->append(entry.input, entry.effects);
            if (++uncommitted < state.range(0)) continue;
            writer->commit();
            uncommitted = 0;
        }
        writer->commit();
        state.PauseTiming();
        writer->close(false);
        state.counters["bytes_per_input"] =
            static_cast<double>(std::filesystem::file_size(file)) / static_cast<double>(entries.size());
        state.ResumeTiming();
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(entries.size()));
    std::filesystem::remove(file);
}
BENCHMARK(append)->Arg(1)->Arg(8)->Arg(64)->Arg(512)->Unit(benchmark::kMillisecond)->UseRealTime();

void read(benchmark::State& state) {
    const auto file = bench_file();
    std::filesystem::remove(file);
    {
        auto writer = record::RunFileWriter::create(file, testing::sample_header());
        for (const auto& entry : sample_entries(entry_count)) writer->append(entry.input, entry.effects);
        writer->close(state.range(0) != 0);
    }
    for (auto _ : state) {
        std::uint64_t effects = 0;
        record::RunFileReader(file).entries([&](const record::Entry& entry) { effects += entry.effects.size(); });
        benchmark::DoNotOptimize(effects);
    }
    state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(entry_count));
    std::filesystem::remove(file);
}
BENCHMARK(read)->ArgName("compressed")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace stemma
