// [metric], and [[metric]] for several.
#include <fmt/format.h>

#include <algorithm>

#include "app/job/readers.hpp"
#include "app/job/resolved.hpp"
#include "app/job/tables.hpp"
#include "outcome/outcome.hpp"

namespace stemma {

namespace {

/// "metric", or "metric 2" of several.
std::string path_of(std::size_t index, std::size_t count) {
    return count == 1 ? "metric" : fmt::format("metric {}", index + 1);
}

void read_list(const Node& list, Job& job, Diagnostics& diagnostics) {
    const auto count = list.list().size();
    if (count == 0 || !std::ranges::all_of(list.list(), &Node::is_table)) {
        diagnostics.error(list.place, "metric", "must be a table [metric], or several tables [[metric]]");
        return;
    }
    if (count > most_objectives) {
        diagnostics.error(list.list()[most_objectives].place, "metric",
                          fmt::format("stands {} times, and at most {} can be optimized: with more nearly every member "
                                      "is on the front. Leave out those that matter least; they are recorded all the "
                                      "same",
                                      count, most_objectives));
    }
    std::vector<Key> keys;
    for (const auto& field : metric_fields()) keys.push_back(field.key);
    // Their texts stand in the resolved job as they are, because no key of them has a default.
    auto* const resolved = diagnostics.resolved();
    diagnostics.note_in(nullptr);
    for (std::size_t i = 0; i < std::min(count, most_objectives); ++i) {
        auto table = list.list()[i];
        const auto path = path_of(i, count);
        rename_keys(std::get<NodeTable>(table.value), path, keys, diagnostics);
        MetricSettings metric;
        read_section(metric_fields(), &table, path, table.place, metric, diagnostics);
        const auto same = [&](const MetricSettings& other) { return other.name == metric.name; };
        if (i > 0 && !metric.name.empty() && (same(job.metric) || std::ranges::any_of(job.more_metrics, same)))
            diagnostics.error(table.place, path + ".name", "is \"" + metric.name + "\" again; remove one of the two");
        if (metric.baseline && count > 1) {
            diagnostics.error(table.place, path + ".baseline",
                              "has no meaning with several metrics: a member that has not learned by one of them may "
                              "be the best by another; remove it");
        }
        if (i == 0) {
            job.metric = metric;
        } else {
            job.more_metrics.push_back(metric);
        }
    }
    diagnostics.note_in(resolved);
}

std::string names_of(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, ", ")); }

}  // namespace

void read_metrics(const Node& root, Job& job, Diagnostics& diagnostics) {
    const Node* node = root.find("metric");
    if (node != nullptr && node->is_list()) {
        read_list(*node, job, diagnostics);
    } else {
        read_section(metric_fields(), node, "metric", node == nullptr ? Place{} : node->place, job.metric, diagnostics);
    }
}

void check_metrics(const Node& root, const Job& job, Diagnostics& diagnostics) {
    if (job.more_metrics.empty()) return;
    const auto refuse = [&](const char* section, const char* key, const std::string& message) {
        const auto path = std::string(section) + "." + key;
        if (!diagnostics.blamed(path)) diagnostics.error(place_of(root, {section, key}), path, message);
    };
    if (!job.scheduler.type->make_several) {
        std::vector<std::string> names;
        for (const auto& scheduler : schedulers()) {
            if (scheduler.make_several) names.push_back(scheduler.name);
        }
        refuse("scheduler", "type",
               fmt::format("= \"{}\" compares members by one metric; with several [[metric]] it must be one of {}",
                           job.scheduler.type->name, names_of(names)));
    }
    // One that plans takes random draws (sampler/automatic/rule.hpp).
    const auto fits = [](const SamplerTraits& traits) { return traits.plans || !traits.learns; };
    if (!fits(job.sampler.type->traits)) {
        std::vector<std::string> names;
        for (const auto& sampler : samplers()) {
            if (fits(sampler.traits)) names.push_back(sampler.name);
        }
        refuse("sampler", "type",
               fmt::format("= \"{}\" learns from one metric; with several [[metric]] it must be one of {}",
                           job.sampler.type->name, names_of(names)));
    }
    if (job.run.budget.target) {
        const Node* run = root.find("run");
        diagnostics.error(run == nullptr ? Place{} : place_of(root, {"run", "budget", "target"}), "run.budget.target",
                          "is a value of one metric, and there are several [[metric]]; remove it");
    }
}

}  // namespace stemma
