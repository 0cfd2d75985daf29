// Cost of one event (WorkWanted, Created or Reported) as searches grow, and the memory of a member:
//   bench_scheduler --benchmark_counters_tabular=true
// A search of n members with 1,000 workers: after each report a free worker asks for work. Rungs 1 3 9 27 81.
#include <benchmark/benchmark.h>

#include <deque>
#include <memory>
#include <vector>

#include "core/rng.hpp"
#include "scheduler/asha.hpp"
#include "scheduler/hyperband.hpp"

namespace {

using namespace stemma;

struct Training {
    MemberId member;
    Resource to;
};

/// Objectives come from a table, so that drawing them is not measured.
std::vector<double> objectives() {
    Stream draw(1, Purpose::test);
    std::vector<double> values(1U << 16U);
    for (auto& value : values) value = draw.normal();
    return values;
}

/// A whole search; returns the number of events.
std::uint64_t search(Scheduler& scheduler, std::uint64_t members, const std::vector<double>& values) {
    constexpr std::size_t workers = 1000;
    std::deque<Training> running;
    Actions actions;
    std::uint64_t events = 0;
    std::uint64_t reports = 0;
    MemberId next{0};
    const auto ask = [&] {
        while (true) {
            actions.clear();
            scheduler.on(event::WorkWanted{}, actions);
            ++events;
            const action::Create* create = nullptr;
            for (const auto& action : actions) {
                if (const auto* train = std::get_if<action::Train>(&action))
                    return running.push_back({train->member, train->to});
                if (const auto* wanted = std::get_if<action::Create>(&action)) create = wanted;
            }
            if (create == nullptr) return;
            const auto to = create->to;
            actions.clear();
            ++events;
            if (next.value == members) {
                scheduler.on(event::NoMoreMembers{}, actions);
                continue;
            }
            scheduler.on(event::Created{next}, actions);
            running.push_back({next, to});
            ++next.value;
            return;
        }
    };
    for (std::size_t worker = 0; worker < workers; ++worker) ask();
    while (!running.empty()) {
        const auto training = running.front();
        running.pop_front();
        actions.clear();
        scheduler.on(event::Report{training.member, training.to, values[reports++ % values.size()]}, actions);
        ++events;
        ask();
    }
    return events;
}

template <class Make>
void run(benchmark::State& state, const Make& make) {
    const auto members = static_cast<std::uint64_t>(state.range(0));
    const auto values = objectives();
    std::uint64_t events = 0;
    std::size_t bytes = 0;
    for (auto _ : state) {
        const std::unique_ptr<Scheduler> scheduler = make();
        events += search(*scheduler, members, values);
        bytes = scheduler->memory_bytes();
    }
    state.counters["per_event"] =
        benchmark::Counter(static_cast<double>(events), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
    state.counters["bytes_per_member"] = static_cast<double>(bytes) / static_cast<double>(members);
}

void asha_promotion(benchmark::State& state) {
    run(state, [] { return make_asha({.min = 1, .max = 81, .eta = 3}); });
}
void asha_stopping(benchmark::State& state) {
    run(state, [] { return make_asha({.min = 1, .max = 81, .eta = 3, .variant = AshaVariant::stopping}); });
}
void asha_brackets(benchmark::State& state) {
    run(state, [] { return make_asha({.min = 1, .max = 81, .eta = 3, .brackets = 5, .seed = 1}); });
}
void hyperband(benchmark::State& state) {
    run(state, [] { return make_hyperband({.min = 1, .max = 81, .eta = 3}); });
}

BENCHMARK(asha_promotion)->RangeMultiplier(10)->Range(1'000, 10'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(asha_stopping)->RangeMultiplier(10)->Range(1'000, 10'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(asha_brackets)->RangeMultiplier(10)->Range(1'000, 10'000'000)->Unit(benchmark::kMillisecond);
BENCHMARK(hyperband)->RangeMultiplier(10)->Range(1'000, 10'000'000)->Unit(benchmark::kMillisecond);

}  // namespace
