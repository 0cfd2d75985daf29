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

void check_scheduler(const Node& root, const SchedulerSettings& scheduler, Diagnostics& diagnostics) {
    const auto blamed = [&](const std::string& key) { return diagnostics.blamed("scheduler." + key); };
    if (diagnostics.blamed("scheduler") || blamed("type")) return;
    for (const auto& problem : scheduler.type->check(scheduler.settings)) {
        if (blamed(problem.key) || std::ranges::any_of(problem.beside, blamed)) continue;
        diagnostics.error(place_of(root, {"scheduler", problem.key}), "scheduler." + problem.key, problem.message);
    }
}

void check_reported(const Node& root, const Job& job, Diagnostics& diagnostics) {
    const auto texts = [&](std::string_view key, const std::vector<Literal>& list) {
        for (const auto& literal : list) {
            const auto* text = std::get_if<std::string>(&literal);
            if (text != nullptr && !text->empty()) continue;
            diagnostics.error(place_of(root, {"trainer", key}), "trainer." + std::string(key),
                              "must be a list of texts; got " + to_string(literal));
        }
    };
    texts("command", job.trainer.command);
    texts("metrics", job.trainer.metrics);
    texts("held_out", job.trainer.held_out);
    for (const auto& literal : job.trainer.held_out) {
        if (literal == Literal(job.metric.name)) {
            diagnostics.error(place_of(root, {"trainer", "held_out"}), "trainer.held_out",
                              "must not have " + in_quotes(job.metric.name) + ", by which [metric] ranks members");
        }
    }
}

/// What is wrong with the pair of data and model; "" = nothing.
std::string mismatch(DataSet data, ModelKind model) {
    const bool images = data == DataSet::fashion_mnist || data == DataSet::cifar10;
    if (data == DataSet::text && model != ModelKind::lstm) return "must be \"lstm\" for data = \"text\"";
    if (model == ModelKind::lstm && data != DataSet::text) return "= \"lstm\" is used only with data = \"text\"";
    if (model == ModelKind::lenet && data == DataSet::cifar10)
        return "must be \"resnet18\" or \"mlp\" for data = \"cifar10\": a LeNet takes 28 x 28 pixels";
    if (model == ModelKind::lenet && !images) return "must be \"mlp\" for data = \"csv\": a LeNet takes images";
    if (model == ModelKind::resnet18 && !images) return "must be \"mlp\" for data = \"csv\": a ResNet takes images";
    return "";
}

/// Path, target and model against the data set.
void check_data(const Node& root, const TrainerSettings& trainer, Diagnostics& diagnostics) {
    const Node* section = root.find("trainer");
    const auto refuse = [&](const char* key, const std::string& text) {
        const Node* node = section == nullptr ? nullptr : section->find(key);
        diagnostics.error(node == nullptr ? place_of(root, {"trainer"}) : node->place, join_path("trainer", key), text);
    };
    if (trainer.path.empty() && !diagnostics.blamed("trainer.path")) {
        if (trainer.data == DataSet::csv) refuse("path", "is missing; data = \"csv\" needs the path of the file");
        if (trainer.data == DataSet::cifar10)
            refuse("path", "is missing; data = \"cifar10\" needs the folder with data_batch_1.bin and the others");
        if (trainer.data == DataSet::text)
            refuse("path", "is missing; data = \"text\" needs a plain text file, or the folder with ptb.train.txt");
    }
    if (trainer.data != DataSet::csv && !trainer.target.empty())
        refuse("target", "is used only with data = \"csv\"; remove it");
    if (const auto wrong = mismatch(trainer.data, trainer.model); !wrong.empty()) refuse("model", wrong);
}

void check_trainer(const Node& root, const Job& job, Diagnostics& diagnostics) {
    const auto& trainer = job.trainer;
    if (trainer.type == TrainerType::process || trainer.type == TrainerType::ask) {
        return check_reported(root, job, diagnostics);
    }
    if (trainer.type != TrainerType::torch) return;
    check_data(root, trainer, diagnostics);
    const bool shares = trainer.data == DataSet::csv || trainer.data == DataSet::text;
    if (shares && trainer.valid < 1 && trainer.test < 1 && trainer.valid + trainer.test >= 1) {
        diagnostics.error(place_of(root, {"trainer", "valid"}), "trainer.valid",
                          "and test together must leave rows to train on; their shares add up to 1 or more");
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
    if (bad(job.metric.name, false) && !diagnostics.blamed("metric.name") && !diagnostics.blamed("metric")) {
        diagnostics.error(place_of(root, {"metric", "name"}), "metric.name",
                          "must be a name; got " + in_quotes(job.metric.name));
    }
}

}  // namespace

void check_whole(const Node& root, const Job& job, Diagnostics& diagnostics) {
    check_budget(root, job, diagnostics);
    check_scheduler(root, job.scheduler, diagnostics);
    check_mutable(root, job, diagnostics);
    check_trainer(root, job, diagnostics);
    check_names(root, job, diagnostics);
    if (const auto& only = job.scheduler.type->traits.sampler; !only.empty() && job.sampler.type->name != only) {
        diagnostics.error(place_of(root, {"sampler", "type"}), "sampler.type",
                          "must be " + in_quotes(only) +
                              " (or left out) with scheduler.type = " + in_quotes(job.scheduler.type->name));
    }
    check_points(root, job, diagnostics);
    if (job.workers.lost_after < 2 * job.workers.heartbeat && !diagnostics.blamed("workers.heartbeat") &&
        !diagnostics.blamed("workers.lost_after")) {
        diagnostics.error(place_of(root, {"workers", "lost_after"}), "workers.lost_after",
                          "must be at least twice workers.heartbeat, else living workers count as lost");
    }
}

}  // namespace stemma
