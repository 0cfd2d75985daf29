#include <algorithm>

#include "app/job/readers.hpp"

namespace stemma {

namespace {

void check_budget(const Node& root, const Job& job, Diagnostics& diagnostics) {
    const Node* run = root.find("run");
    const Node* budget = run == nullptr ? nullptr : run->find("budget");
    const auto given = [&](std::string_view key) { return budget != nullptr ? budget->find(key) : nullptr; };
    const bool epochs = job.trainer.unit == TrainerUnit::epoch;
    const Node* wrong = given(epochs ? "steps" : "epochs");
    if (wrong != nullptr && !diagnostics.blamed("trainer.unit")) {
        diagnostics.error(wrong->place, std::string("run.budget.") + (epochs ? "steps" : "epochs"),
                          "does not fit trainer.unit = " + in_quotes(job.trainer.unit_name()) + "; give " +
                              (epochs ? "epochs" : "steps"));
    }
    const Node* resource = given("resource");
    if (resource != nullptr && (given("epochs") != nullptr || given("steps") != nullptr)) {
        diagnostics.error(resource->place, "run.budget.resource",
                          "and epochs or steps are the same limit; give one of them");
    }
    const bool stops_by_itself = job.sampler.type->finite() || job.scheduler.type->traits.ends_by_itself;
    const bool empty = budget == nullptr || (budget->is_table() && budget->table().empty());
    if (empty && !stops_by_itself && !diagnostics.blamed("scheduler.type") && !diagnostics.blamed("sampler.type")) {
        diagnostics.error(place_of(root, {"run", "budget"}), "run.budget",
                          "is missing: this scheduler never ends by itself; give members, reports, epochs, steps, "
                          "wall_time or target");
    }
}

/// A child that could differ from its parent in nothing would make a population pointless.
void check_mutable(const Node& root, const Job& job, Diagnostics& diagnostics) {
    if (!job.scheduler.population() || job.space == nullptr) return;
    for (const auto& parameter : job.space->parameters()) {
        if (may_differ(parameter.role) && !std::holds_alternative<Constant>(parameter.domain)) return;
    }
    diagnostics.error(place_of(root, {"space"}), "space",
                      "has no parameter with role = \"mutable\": with this scheduler.type children continue their "
                      "parents' weights and could differ in nothing");
}

/// What an algorithm says of its settings.
void refuse(const Node& root, const std::string& section, const std::vector<Contradiction>& problems,
            Diagnostics& diagnostics) {
    const auto blamed = [&](const std::string& key) { return diagnostics.blamed(section + "." + key); };
    if (diagnostics.blamed(section) || blamed("type")) return;
    for (const auto& problem : problems) {
        if (blamed(problem.key) || std::ranges::any_of(problem.beside, blamed)) continue;
        diagnostics.error(place_of(root, {section, problem.key}), section + "." + problem.key, problem.message);
    }
}

void check_names(const Node& root, const Job& job, Diagnostics& diagnostics) {
    const auto bad = [](const std::string& text, bool slash) {
        return text.empty() || text.size() > 1000 || std::any_of(text.begin(), text.end(), [&](char c) {
                   return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || (slash && c == '/');
               });
    };
    if (bad(job.run.name, true)) {
        diagnostics.error(place_of(root, {"run", "name"}), "run.name",
                          "must be a name without \"/\" and control characters; got " + in_quotes(job.run.name));
    }
    const auto file_name = job.run.output.substr(job.run.output.rfind('/') + 1);
    if (file_name.size() > run_file_name_max && !diagnostics.blamed("run.name")) {
        const std::string_view key = job.run.output == "runs/" + job.run.name + ".h5" ? "name" : "output";
        diagnostics.error(place_of(root, {"run", key}), "run." + std::string(key),
                          "makes a file name of " + std::to_string(file_name.size()) + " bytes; at most " +
                              std::to_string(run_file_name_max) + " leave room for what is appended to it");
    }
    if (bad(job.run.output, false)) {
        diagnostics.error(place_of(root, {"run", "output"}), "run.output",
                          "must be a path; got " + in_quotes(job.run.output));
    }
    const auto bad_metric = [&](const MetricSettings& metric) { return bad(metric.name, false); };
    if (job.more_metrics.empty()) {
        if (bad_metric(job.metric) && !diagnostics.blamed("metric.name") && !diagnostics.blamed("metric")) {
            diagnostics.error(place_of(root, {"metric", "name"}), "metric.name",
                              "must be a name; got " + in_quotes(job.metric.name));
        }
    } else if (diagnostics.count() == 0 &&
               (bad_metric(job.metric) || std::ranges::any_of(job.more_metrics, bad_metric))) {
        diagnostics.error(place_of(root, {"metric"}), "metric", "must have a name each, without control characters");
    }
}

}  // namespace

void check_whole(const Node& root, const Job& job, Diagnostics& diagnostics) {
    check_budget(root, job, diagnostics);
    refuse(root, "scheduler", job.scheduler.type->check(job.scheduler.settings), diagnostics);
    check_mutable(root, job, diagnostics);
    refuse(root, "trainer", job.trainer.type->check(job.trainer.settings, job.metric.name), diagnostics);
    for (const auto& metric : job.more_metrics)
        refuse(root, "trainer", job.trainer.type->check(job.trainer.settings, metric.name), diagnostics);
    check_metrics(root, job, diagnostics);
    if (const auto& check_space = job.trainer.type->check_space; check_space && job.space != nullptr)
        refuse(root, "trainer", check_space(job.trainer.settings, *job.space), diagnostics);
    if (const auto& remarks = job.trainer.type->remarks; remarks && job.space != nullptr && !diagnostics.recorded()) {
        for (const auto& text : remarks(job.trainer.settings, *job.space))
            diagnostics.note(place_of(root, {"trainer", "command"}), text);
    }
    check_names(root, job, diagnostics);
    if (const auto& only = job.scheduler.type->traits.sampler; !only.empty() && job.sampler.type->name != only) {
        diagnostics.error(place_of(root, {"sampler", "type"}), "sampler.type",
                          "must be " + in_quotes(only) +
                              " (or left out) with scheduler.type = " + in_quotes(job.scheduler.type->name));
    }
    if (job.sampler.type->traits.plans && job.scheduler.type->traits.lineages && !job.scheduler.scheduled()) {
        diagnostics.error(place_of(root, {"sampler", "type"}), "sampler.type",
                          "\"auto\" chooses for searches whose members start from scratch; with scheduler.type = " +
                              in_quotes(job.scheduler.type->name) + " name a sampler, or leave it out");
    }
    check_points(root, job, diagnostics);
    const auto beside = job.trainer.at_once() - 1;
    if (job.workers.trainings_ahead < beside && !diagnostics.blamed("trainer.at_once")) {
        diagnostics.error(place_of(root, {"workers", "trainings_ahead"}), "workers.trainings_ahead",
                          "must be at least " + std::to_string(beside) + " with trainer.at_once = " +
                              std::to_string(beside + 1) + ", else a worker never has so many trainings; leave it out");
    }
    if (job.workers.lost_after < 2 * job.workers.heartbeat && !diagnostics.blamed("workers.heartbeat") &&
        !diagnostics.blamed("workers.lost_after")) {
        diagnostics.error(place_of(root, {"workers", "lost_after"}), "workers.lost_after",
                          "must be at least twice workers.heartbeat, else living workers count as lost");
    }
}

}  // namespace stemma
