#include "case.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "core/rng.hpp"
#include "sampler/random.hpp"
#include "scheduler/arm_plan.hpp"
#include "schedulers.hpp"

namespace stemma::testing {

std::shared_ptr<const SearchSpace> Case::space() {
    std::vector<Parameter> parameters(2);
    parameters[0].name = "rate";
    parameters[0].role = Role::mutable_value;
    parameters[0].domain = Real{1e-4, 1, Scale::log, {}};
    parameters[1].name = "width";
    parameters[1].domain = Integer{1, 8, Scale::linear, {}};
    return std::make_shared<const SearchSpace>(std::move(parameters));
}

std::string name_of(Kind kind) {
    switch (kind) {
        case Kind::random:
            return "random";
        case Kind::sha:
            return "sha";
        case Kind::hyperband:
            return "hyperband";
        case Kind::asha:
            return "asha";
        case Kind::asha_stopping:
            return "asha_stopping";
        case Kind::asha_hyperband:
            return "asha_hyperband";
        case Kind::pbt:
            return "pbt";
        case Kind::gpbt:
            return "gpbt";
        case Kind::pasha:
            return "pasha";
    }
    return "?";
}

Manager Case::make_manager() const {
    const auto shared = space();
    auto scheduler =
        pbt    ? make_pbt(*pbt)
        : gpbt ? make_gpbt(*gpbt)
               : make_scheduler(kind, eta, max, manager.budget.members, manager.seed, 1 + manager.more.size());
    return Manager(manager, *shared, std::move(scheduler), make_random_sampler(shared, manager.seed));
}

CheckerSettings Case::checkers() const {
    return {.seed = simulation.seed,
            .metric = manager.metric,
            .maximize = manager.maximize,
            .budget = manager.budget,
            .leases_ahead = manager.leases_ahead,
            .lease_timeout = manager.lease_timeout,
            .lease_patience = manager.lease_patience,
            .lease_floor = manager.lease_floor,
            .promotion_eta = kind == Kind::asha && manager.more.empty() ? eta : 0,
            .lineages = lineages()};
}

LineageRules Case::lineages() const {
    if (kind == Kind::pbt) {
        const auto settings = pbt.value_or(drawn_pbt(max, manager.seed));
        return {settings.population, 1, settings.max, true};
    }
    if (kind == Kind::gpbt) {
        const auto settings = gpbt.value_or(drawn_gpbt(max, manager.seed));
        if (settings.interval == interval_auto) {
            const auto founders = plan_arms(settings).founders;
            return {founders, founders, settings.max, false};
        }
        return {gpbt_founders(settings), gpbt_founders(settings), settings.max, false};
    }
    return {};
}

const LearningCurve& curve() {
    static const LearningCurve value = [](MemberId, ConfigurationView configuration, std::uint64_t seed,
                                          Resource resource, std::vector<double>& metrics) {
        const double rate = std::log10(std::get<double>(configuration[0])) + 2;
        const double width = static_cast<double>(std::get<std::int64_t>(configuration[1]));
        Stream noise(seed, Purpose::surface, static_cast<std::uint64_t>(resource));
        const double loss = 0.1 + 0.05 * rate * rate + 0.1 / width + 1.0 / static_cast<double>(1 + resource);
        metrics.push_back(loss + 0.02 * noise.normal());
        metrics.push_back(1 - loss);
    };
    return value;
}

Case plain_case(Kind kind, std::uint64_t seed) {
    Case drawn;
    drawn.kind = kind;
    drawn.manager.seed = seed;
    drawn.manager.budget.members = 27;
    drawn.simulation.seed = seed;
    drawn.simulation.workers = 4;
    drawn.simulation.noise = DurationNoise::half_normal;
    drawn.simulation.noise_sd = 0.5;
    drawn.simulation.message_seconds = 0.01;
    drawn.simulation.persist_seconds = 0.2;
    drawn.simulation.full_resource = drawn.max;
    if (kind == Kind::pbt || kind == Kind::gpbt) {
        drawn.simulation.path = std::make_shared<MovingOptimum>(
            [](ConfigurationView configuration) { return 1 + std::log10(std::get<double>(configuration[0])) / 4; },
            0.2);
    }
    return drawn;
}

Case with_short_trainings(Case drawn) {
    drawn.manager.leases_ahead = drawn.simulation.leases_ahead = leases_ahead_auto;
    drawn.manager.budget = {};
    drawn.manager.budget.members = 400;
    drawn.simulation.workers = 2;
    drawn.simulation.seconds_per_unit = 2e-4;
    drawn.simulation.message_seconds = 1e-3;
    return drawn;
}

Case drawn_case(Kind kind, std::uint64_t seed) {
    Case drawn = plain_case(kind, seed);
    Stream stream(seed, Purpose::test, static_cast<std::uint64_t>(kind));
    const auto sometimes = [&](double value) { return stream.below(3) == 0 ? 0.0 : value; };
    drawn.eta = static_cast<std::uint32_t>(2 + stream.below(3));
    drawn.max = std::array<Resource, 4>{4, 9, 27, 50}[stream.below(4)];

    auto& manager = drawn.manager;
    manager.maximize = stream.below(2) == 0;
    manager.metric = manager.maximize ? 1 : 0;
    manager.budget.members = 5 + stream.below(60);
    if (stream.below(4) == 0) manager.budget.reports = 10 + stream.below(100);
    if (stream.below(4) == 0) manager.budget.resource = 20 + stream.below(400);
    if (stream.below(4) == 0) manager.budget.seconds = 20 + stream.uniform(0, 200);
    if (stream.below(6) == 0) manager.budget.target = manager.maximize ? 0.7 : 0.3;
    manager.leases_ahead = static_cast<std::uint32_t>(stream.below(3));
    manager.lease_timeout = 300;
    manager.retries = static_cast<std::uint32_t>(stream.below(3));
    manager.failures_in_a_row = stream.below(4) == 0 ? 4 : 0;
    manager.spill = stream.below(2) == 0;
    manager.durable = static_cast<DurablePolicy>(stream.below(4));

    auto& machine = drawn.simulation;
    machine.workers = static_cast<std::uint32_t>(1 + stream.below(20));
    machine.leases_ahead = manager.leases_ahead;
    machine.metric = manager.metric;
    machine.maximize = manager.maximize;
    machine.full_resource = drawn.max;
    machine.noise = static_cast<DurationNoise>(stream.below(3));
    machine.message_seconds = sometimes(0.05);
    machine.manager_seconds = sometimes(0.02);
    machine.snapshot_bytes = 1;
    machine.snapshot_quota = stream.below(2) * (2 + stream.below(6));
    machine.bytes_per_second = 1 + stream.uniform(0, 9);
    machine.persist_seconds = sometimes(2);
    machine.load_seconds = sometimes(1);

    auto& faults = machine.faults;
    faults.drop_per_second = sometimes(0.01);
    faults.nonfinite = sometimes(0.02);
    faults.diverge = sometimes(0.02);
    faults.infeasible = sometimes(0.02);
    faults.device = sometimes(0.005);
    faults.broken_program = sometimes(0.05);
    faults.death_per_second = sometimes(0.002);
    faults.false_alarm_per_second = sometimes(0.001);
    faults.detection_seconds = 5;
    faults.respawn_seconds = sometimes(10);
    faults.lose_lease = sometimes(0.02);
    faults.lose_report = sometimes(0.02);
    faults.duplicate = sometimes(0.1);
    faults.delay = sometimes(0.3);
    faults.delay_seconds = 3;
    faults.persist_failure = sometimes(0.1);
    faults.missing_durable = sometimes(0.2);
    faults.stall = sometimes(0.02);
    faults.stall_seconds = stream.uniform(0, 600);
    manager.lease_patience = sometimes(10);
    manager.lease_floor = stream.uniform(5, 100);
    manager.replicated = static_cast<DurablePolicy>(stream.below(4));
    machine.workers_per_host = static_cast<std::uint32_t>(stream.below(4));
    faults.lose_snapshot = sometimes(0.02);
    faults.peer_gone = seed % 3 == 0 ? 0.5 : 0;
    if (stream.below(2) == 0) {
        // So large that a snapshot for many workers is sent in turn.
        machine.snapshot_bytes *= 100'000'000;
        machine.snapshot_quota *= 100'000'000;
        machine.bytes_per_second *= 1e8;
    }
    return drawn;
}

void Recorder::on(const Input& input, std::span<const Effect> effects) {
    entries.push_back({input, {effects.begin(), effects.end()}});
    checkers.on(input, effects);
}

namespace {

Bytes encoded(std::span<const Effect> effects) {
    Bytes bytes;
    for (const auto& effect : effects) record::encode(effect, bytes);
    return bytes;
}

}  // namespace

Ran checked_run(const Case& what) {
    Recorder recorder(what.checkers());
    auto manager = what.make_manager();
    const auto journal = record::null_journal();
    Ran ran;
    ran.result = simulate(manager, curve(), what.simulation, *journal, &recorder);
    recorder.checkers.compare(manager);
    ran.entries = std::move(recorder.entries);
    ran.manager_ended = manager.ended();
    return ran;
}

std::uint64_t digest(const std::vector<record::Entry>& entries) {
    std::uint64_t hash = 14695981039346656037ULL;  // FNV-1a
    Bytes bytes;
    for (const auto& entry : entries) {
        bytes.clear();
        record::encode(entry.input, bytes);
        for (const auto& effect : entry.effects) record::encode(effect, bytes);
        for (const auto byte : bytes) hash = (hash ^ static_cast<std::uint64_t>(byte)) * 1099511628211ULL;
    }
    return hash;
}

Manager replayed(const Case& what, const std::vector<record::Entry>& entries) {
    Manager manager = what.make_manager();
    Effects effects;
    for (const auto& entry : entries) {
        effects.clear();
        manager.on(entry.input, effects);
        if (encoded(effects) != encoded(entry.effects)) {
            throw CheckFailed("replay decides otherwise at input " + std::to_string(entry.input.sequence));
        }
    }
    return manager;
}

namespace {

/// First seed and distance of the seeds of "K/N"; of any other text, all seeds.
std::pair<std::uint64_t, std::uint64_t> share(const char* text) {
    char* slash = nullptr;
    const std::uint64_t place = std::strtoull(text, &slash, 10);
    if (slash == text || *slash != '/') return {0, 1};
    const std::uint64_t of = std::max<std::uint64_t>(std::strtoull(slash + 1, nullptr, 10), 1);
    return {place % of, of};
}

}  // namespace

std::vector<std::uint64_t> seeds(std::uint64_t n) {
    if (const char* one = std::getenv("STEMMA_PROPERTY_SEED")) return {std::strtoull(one, nullptr, 10)};
    const char* campaign = std::getenv("STEMMA_TEST_CAMPAIGN");
    if (campaign != nullptr) n *= 20;
    const auto [first, step] = share(campaign == nullptr ? "all" : campaign);
    std::vector<std::uint64_t> values;
    for (std::uint64_t seed = first; seed < n; seed += step) values.push_back(seed);
    return values;
}

std::string how_to_replay(std::uint64_t seed) {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    return "replay it with: STEMMA_PROPERTY_SEED=" + std::to_string(seed) +
           " property_search --gtest_filter=" + test->test_suite_name() + "." + test->name();
}

}  // namespace stemma::testing
