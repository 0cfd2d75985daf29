// Which interval do populations want? Every preset at several intervals on toys that depend on the path, at about 1,000
// units each. Writes CSV: docs/studies/intervals.md has the tables.
//   study_intervals [--seeds N] [--tasks a,b] [--methods a,b] [--intervals 1,2,auto] > intervals.csv
// Lines of an earlier file are kept with --known FILE.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

#include "sampler/explore.hpp"
#include "sampler/gp/gp.hpp"
#include "sampler/random.hpp"
#include "scheduler/pbt.hpp"
#include "support/toy_population.hpp"

using namespace stemma;
using test::Starts;
using test::ToyTask;

namespace {

constexpr Resource longest = 50;
constexpr std::uint64_t units = 1000;

struct NamedTask {
    const char* name;
    ToyTask task;
};

const NamedTask tasks[] = {
    {"deceptive_near", {.kind = PathKind::deceptive, .starts = Starts::near}},
    {"deceptive_uniform", {.kind = PathKind::deceptive}},
    {"deceptive_noisy_near", {.kind = PathKind::deceptive, .noise = 0.02, .starts = Starts::near}},
    {"deceptive_noisy_uniform", {.kind = PathKind::deceptive, .noise = 0.02}},
    {"moving", {.kind = PathKind::moving}},
    {"decay", {.kind = PathKind::decay}},
    {"decay_noisy", {.kind = PathKind::decay, .noise = 0.1}},
    {"plain", {.kind = PathKind::plain}},
    {"curvatures", {.kind = PathKind::curvatures}},
};

struct Search {
    std::unique_ptr<Scheduler> scheduler;
    std::unique_ptr<Sampler> sampler;
};

/// So many children that founders and children cost about 1,000 units, whatever the interval.
GpbtSettings affordable(GpbtSettings settings, Resource interval) {
    settings.max = longest;
    settings.interval = interval;
    if (interval == interval_auto) {
        settings.children = units / longest;
        return settings;
    }
    const double generations = static_cast<double>(longest) / static_cast<double>(interval);
    const double each = static_cast<double>(interval) * (settings.founders + generations - 1);
    settings.children = static_cast<std::uint32_t>(std::max(1.0, std::round(static_cast<double>(units) / each)));
    return settings;
}

Search gpbt(GpbtSettings settings, const TpeSettings& tpe, std::uint64_t seed) {
    auto sampler = tpe;
    sampler.startup = gpbt_descriptor().startup(settings).value_or(1);
    return {make_gpbt(settings), make_tpe_sampler(test::toy_space(), seed, sampler)};
}

Search pbt(PbtSettings settings, const ExploreSettings& explore, Resource interval, std::uint64_t seed) {
    settings.population = units / longest;
    settings.interval = interval;
    settings.max = longest;
    settings.seed = seed;
    const auto space = test::toy_space();
    return {make_pbt(settings), make_explore_sampler(space, seed, explore, make_random_sampler(space, seed))};
}

Search pb2(Resource interval, std::uint64_t seed) {
    PbtSettings settings;
    settings.population = units / longest;
    settings.interval = interval;
    settings.max = longest;
    settings.seed = seed;
    GpSettings gp;
    gp.objective = GpObjective::improvement;
    gp.time = GpTime::decay;
    gp.search.acquisition = GpAcquisition::lcb;
    return {make_pbt(settings), make_gp_sampler(test::toy_space(), seed, gp)};
}

struct Method {
    const char* name;
    bool has_auto;
    Search (*make)(Resource interval, std::uint64_t seed);
};

const Method methods[] = {
    {"gpbt", true,
     [](Resource interval, std::uint64_t seed) {
         return gpbt(affordable({}, interval), TpeSettings::lineages(), seed);
     }},
    {"gpbt_founders_1", false,
     [](Resource interval, std::uint64_t seed) {
         GpbtSettings settings;
         settings.founders = 1;
         return gpbt(affordable(settings, interval), TpeSettings::lineages(), seed);
     }},
    {"gpbt_published", false,
     [](Resource interval, std::uint64_t seed) {
         return gpbt(affordable(published_gpbt(), interval), TpeSettings::published_gpbt(), seed);
     }},
    {"pbt", false, [](Resource interval, std::uint64_t seed) { return pbt({}, {}, interval, seed); }},
    {"pbt_ray_tune", false,
     [](Resource interval, std::uint64_t seed) { return pbt(pbt_ray(), ExploreSettings::ray(), interval, seed); }},
    {"pbt_periods", false,
     [](Resource interval, std::uint64_t seed) {
         PbtSettings settings;
         settings.periods = {1, 2, 5, 10};
         while (settings.periods.size() > 1 && settings.periods.back() * interval > longest)
             settings.periods.pop_back();
         return pbt(settings, {}, interval, seed);
     }},
    {"pbt_mf_pbt", false,
     [](Resource interval, std::uint64_t seed) {
         auto settings = pbt_multi_frequency();
         settings.periods = {1, 5, 10, 25};  // of 50 units; a sub-population of five has its quarters, too
         while (settings.periods.size() > 1 && settings.periods.back() * interval > longest)
             settings.periods.pop_back();
         ExploreSettings explore;
         explore.factors = {0.8, 1.25};
         return pbt(settings, explore, interval, seed);
     }},
    {"pbt_pb2", false, pb2},
};

std::set<std::string> listed(const char* text) {
    std::set<std::string> names;
    std::stringstream stream(text);
    for (std::string name; std::getline(stream, name, ',');) names.insert(name);
    return names;
}

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t seeds = 20;
    std::set<std::string> only_tasks, only_methods, only_intervals, known;
    std::printf("task,method,interval,seed,score,units,seconds\n");
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string option = argv[i];
        if (option == "--seeds") seeds = std::strtoull(argv[i + 1], nullptr, 10);
        if (option == "--tasks") only_tasks = listed(argv[i + 1]);
        if (option == "--methods") only_methods = listed(argv[i + 1]);
        if (option == "--intervals") only_intervals = listed(argv[i + 1]);
        if (option == "--known") {
            std::ifstream file(argv[i + 1]);
            for (std::string line; std::getline(file, line);) {
                if (line.starts_with("task,")) continue;
                std::size_t comma = 0;
                for (int field = 0; field < 4; ++field) comma = line.find(',', comma) + 1;
                known.insert(line.substr(0, comma));
                std::printf("%s\n", line.c_str());
            }
        }
    }
    const auto wanted = [](const std::set<std::string>& only, const std::string& name) {
        return only.empty() || only.contains(name);
    };
    for (const auto& [task_name, task] : tasks) {
        if (!wanted(only_tasks, task_name)) continue;
        for (const auto& method : methods) {
            if (!wanted(only_methods, method.name)) continue;
            for (const Resource interval : {1, 2, 5, 10, 25, 0}) {
                if (interval == interval_auto && !method.has_auto) continue;
                const std::string text = interval == interval_auto ? "auto" : std::to_string(interval);
                if (!wanted(only_intervals, text)) continue;
                for (std::uint64_t seed = 0; seed < seeds; ++seed) {
                    const auto key =
                        std::string(task_name) + "," + method.name + "," + text + "," + std::to_string(seed) + ",";
                    if (known.contains(key)) continue;
                    auto search = method.make(interval, seed);
                    const auto result =
                        test::run_toy(task, std::move(search.scheduler), std::move(search.sampler), seed);
                    std::printf("%s%.6f,%llu,%.1f\n", key.c_str(), test::toy_score(task.kind, result),
                                static_cast<unsigned long long>(result.totals.resource), result.seconds);
                    std::fflush(stdout);
                }
            }
        }
    }
    return 0;
}
