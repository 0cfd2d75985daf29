// Time of one proposal with n observed trials in 5 dimensions:
//   bench_sampler_gp --benchmark_counters_tabular=true
// `first`: a new run, so the hyperparameters are fitted from the cold starts. `refitted`: five new observations since
// the last fit, so they are fitted from the last optimum. `kept`: one new observation, not fitted (from n > 30 on).
// `elsewhere`: as refitted, but another thread would fit; measures what remains for the manager's loop. `pending`: as
// kept, with 16 trials in training.
#include <benchmark/benchmark.h>

#include <memory>
#include <vector>

#include "core/rng.hpp"
#include "sampler/gp/gp.hpp"

namespace {

using namespace stemma;

std::shared_ptr<const SearchSpace> five_reals() {
    std::vector<Parameter> parameters;
    for (const char* name : {"a", "b", "c", "d", "e"})
        parameters.push_back({name, Real{0, 1, Scale::linear, {}}, Role::mutable_value, {}, {}});
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

/// A sampler and a source of trials for it: a bowl with a skewed axis, and noise.
class Run {
public:
    explicit Run(std::uint64_t trials, GpSettings settings = {})
        : space_(five_reals()), sampler_(make_gp_sampler(space_, 1, settings)) {
        for (std::uint64_t i = 0; i < trials; ++i) observed_trial();
    }

    void observed_trial() {
        const auto member = pending_trial();
        double value = 0.1 * random_.normal();
        for (std::size_t d = 0; d < last_.size(); ++d) {
            const double away = std::get<double>(last_[d]) - 0.3;
            value += away * away * static_cast<double>(d + 1);
        }
        sampler_->observe({member, 1, value});
    }
    MemberId pending_trial() {
        std::vector<double> unit(space_->size());
        for (auto& coordinate : unit) coordinate = random_.uniform();
        last_ = space_->from_unit(unit);
        const MemberId member{next_++};
        sampler_->born({member, {}, 0, last_});
        return member;
    }
    void propose() { benchmark::DoNotOptimize(sampler_->propose({.member = {next_}, .index = next_})); }
    /// Does the fit that another thread would do.
    void fit_wanted() {
        while (!sampler_->wanted_fits().empty()) {
            const auto wanted = sampler_->wanted_fits().front();
            sampler_->fitted(wanted.number, wanted.fit->run());
        }
    }
    const GpStatistics& statistics() const { return sampler_->statistics(); }

private:
    std::shared_ptr<const SearchSpace> space_;
    std::unique_ptr<GpSampler> sampler_;
    Stream random_{1, Purpose::test};
    Configuration last_;
    std::uint64_t next_ = 0;
};

void first(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        Run run(static_cast<std::uint64_t>(state.range(0)));
        state.ResumeTiming();
        run.propose();
    }
}

/// `between` new trials before each proposal. The number of data stays n: older trials drop out (n = settings.data), or
/// the run starts anew.
template <class Between>
void after(benchmark::State& state, const Between& between) {
    double likelihoods = 0;
    for (auto _ : state) {
        state.PauseTiming();
        Run run(static_cast<std::uint64_t>(state.range(0)) - 5);
        run.propose();
        const auto before = run.statistics().likelihoods;
        between(run);
        state.ResumeTiming();
        run.propose();
        state.PauseTiming();
        likelihoods = static_cast<double>(run.statistics().likelihoods - before);
        state.ResumeTiming();
    }
    state.counters["likelihoods"] = likelihoods;
}

void refitted(benchmark::State& state) {
    after(state, [](Run& run) {
        for (int i = 0; i < 5; ++i) run.observed_trial();
    });
}
void elsewhere(benchmark::State& state) {
    for (auto _ : state) {
        state.PauseTiming();
        GpSettings settings;
        settings.fit_elsewhere = true;
        Run run(static_cast<std::uint64_t>(state.range(0)) - 5, settings);
        run.propose();
        run.fit_wanted();
        for (int i = 0; i < 5; ++i) run.observed_trial();
        state.ResumeTiming();
        run.propose();
    }
}
void kept(benchmark::State& state) {
    after(state, [](Run& run) { run.observed_trial(); });
}
void pending(benchmark::State& state) {
    after(state, [](Run& run) {
        run.observed_trial();
        for (int i = 0; i < 16; ++i) run.pending_trial();
    });
}

BENCHMARK(first)->Arg(20)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(refitted)->Arg(20)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(elsewhere)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(kept)->Arg(20)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond);
BENCHMARK(pending)->Arg(20)->Arg(50)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
