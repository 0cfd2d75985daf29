// A whole search without MPI, files and threads: ASHA over two hyperparameters, with four workers under a virtual
// clock. Manager::on takes one input after the other and answers with effects. This program plays the workers: it
// trains what it is told to, which here is a formula, and reports. The real program does the same over MPI
// (src/runtime, src/worker).

#include <cmath>
#include <cstdio>
#include <memory>
#include <set>
#include <tuple>

#include "manager/manager.hpp"
#include "sampler/random.hpp"
#include "scheduler/asha.hpp"

using namespace stemma;

namespace {

constexpr std::uint64_t workers = 4;

/// The loss after `epochs` of training: it falls faster with a good learning rate, and to a floor that width lowers.
double loss_after(Resource epochs, ConfigurationView configuration) {
    const double rate = std::abs(std::log10(std::get<double>(configuration[0])) + 2);  // best at lr = 0.01
    const double floor = 1.0 / static_cast<double>(std::get<std::int64_t>(configuration[1]));
    return floor + std::exp(-static_cast<double>(epochs) / (1 + rate));
}

/// A training that a worker is busy with, in order of its end.
struct Training {
    double end = 0;
    effect::Train work;
    bool operator<(const Training& other) const {
        return std::tuple(end, work.lease) < std::tuple(other.end, other.work.lease);
    }
};

}  // namespace

int main() {
    const SearchSpace space({{"lr", Real{1e-4, 1, Scale::log, {}}, Role::fixed, {}, {}},
                             {"width", Integer{8, 128, Scale::log, {}}, Role::fixed, {}, {}}});
    ManagerSettings settings;
    settings.seed = 7;
    settings.max = 27;
    settings.budget.resource = 600;  // epochs of all members together
    Manager manager(settings, space, make_asha({.min = 1, .max = 27, .eta = 3, .seed = 7}),
                    make_random_sampler(std::make_shared<SearchSpace>(space), settings.seed));

    double now = 0;
    std::uint64_t sequence = 0;
    std::set<Training> running;
    const auto feed = [&](input::Body body) {
        Effects effects;
        manager.on({sequence++, now, std::move(body)}, effects);
        for (const auto& effect : effects) {
            // Others move, drop and persist snapshots, for which this program has no use: its weights are a formula.
            if (const auto* assign = std::get_if<effect::Train>(&effect))
                running.insert({now + static_cast<double>(assign->to - assign->from), *assign});
        }
    };

    feed(input::IncarnationStarted{0, workers});
    for (std::uint64_t worker = 1; worker <= workers; ++worker)
        feed(input::WorkerJoined{{worker}, "here", "cpu", 1 << 30});
    while (!manager.ended()) {
        const auto [end, work] = *running.begin();
        running.erase(running.begin());
        now = end;
        const double loss = loss_after(work.to, manager.member(work.member).configuration);
        const auto seconds = static_cast<double>(work.to - work.from);
        feed(input::Report{work.worker, work.lease, work.to, seconds, 1000, {{work.to, {loss}}}});
    }

    const auto totals = manager.totals();
    const auto best = manager.best().value();
    std::printf("%s: %llu members, %llu reports, %llu epochs in %g s\n", manager.scheduler().describe().c_str(),
                static_cast<unsigned long long>(totals.members), static_cast<unsigned long long>(totals.reports),
                static_cast<unsigned long long>(totals.resource), now);
    std::printf("best: member %llu after %lld epochs, loss %.4f, %s\n",
                static_cast<unsigned long long>(best.member.value), static_cast<long long>(best.resource), best.metric,
                space.describe(manager.member(best.member).configuration).c_str());
}
