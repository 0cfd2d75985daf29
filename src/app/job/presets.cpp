#include "app/job/presets.hpp"

#include <algorithm>

#include "app/job/readers.hpp"
#include "sampler/explore.hpp"
#include "sampler/tpe.hpp"
#include "scheduler/pbt.hpp"

namespace stemma {

namespace {

struct MakeNode {
    Place place;
    Node operator()(const auto& value) const { return {place, value}; }
    Node operator()(const std::vector<Literal>& values) const {
        NodeList items;
        for (const auto& value : values) items.push_back(std::visit(*this, value));
        return {place, std::move(items)};
    }
};

std::vector<Literal> integers(const std::vector<std::uint32_t>& values) {
    std::vector<Literal> literals;
    for (const auto value : values) literals.emplace_back(std::int64_t{value});
    return literals;
}

/// The table of that section, made if it is missing; nullptr if the name holds something else.
NodeTable* section_of(Node& root, const std::string& name, Place place) {
    auto& sections = std::get<NodeTable>(root.value);
    auto at =
        std::find_if(sections.begin(), sections.end(), [&](const TableEntry& entry) { return entry.key == name; });
    if (at == sections.end()) at = sections.insert(at, TableEntry{name, place, Node{place, NodeTable{}}});
    return std::get_if<NodeTable>(&at->value.value);
}

/// Sets those keys of a section that the job does not set, as if they stood at `place`.
void fill_in(Node& root, const std::vector<KeyDefault>& values, Place place) {
    for (const auto& [section, type, key, value, with_key, with_text] : values) {
        if (!with_key.empty() && text_of(root.find("scheduler"), with_key) != with_text) continue;
        const auto given = text_of(root.find(section), "type");
        if (!given.empty() && !type.empty() && given != type) continue;
        auto* table = section_of(root, section, place);
        if (table == nullptr || root.find(section)->find(key) != nullptr) continue;
        table->push_back({key, place, std::visit(MakeNode{place}, value)});
    }
}

}  // namespace

const std::vector<Preset>& presets() {
    static const std::vector<Preset> all{
        {"ray_tune",
         "pbt",
         "Ray Tune's defaults",
         {{"scheduler", "pbt", "bottom", pbt_ray().bottom},
          {"scheduler", "pbt", "top", pbt_ray().top},
          {"sampler", "", "resample_probability", ExploreSettings::ray().resample_probability}}},
        {"pb2",
         "pbt",
         "PB2, arXiv 2002.02518",
         {{"sampler", "", "type", std::string("gp")},
          {"sampler", "gp", "objective", std::string("improvement")},
          {"sampler", "gp", "time_model", std::string("decay")},
          {"sampler", "gp", "acquisition", std::string("lcb")},
          {"sampler", "gp", "look_below", false}}},
        {"mf_pbt",
         "pbt",
         "multi-frequency PBT, arXiv 2506.03225",
         {{"scheduler", "pbt", "periods", integers(pbt_multi_frequency().periods)},
          {"scheduler", "pbt", "bottom", pbt_multi_frequency().bottom},
          {"scheduler", "pbt", "top", pbt_multi_frequency().top},
          {"scheduler", "pbt", "migrants", std::string("lower_half")},
          {"sampler", "", "factors", std::vector<Literal>{0.8, 1.25}}}},
        {"published",
         "gpbt",
         "arXiv 2109.14925, GPBT-TPE",
         {{"scheduler", "gpbt", "founders", std::int64_t{1}},
          {"scheduler", "gpbt", "parents_compete", true},
          {"scheduler", "gpbt", "sequential", true},
          {"scheduler", "gpbt", "patience", std::int64_t{0}},
          {"sampler", "tpe", "gamma", TpeSettings::published_gpbt().gamma},
          {"sampler", "tpe", "multivariate", TpeSettings::published_gpbt().multivariate},
          {"sampler", "tpe", "time", std::string("kernel")},
          {"sampler", "tpe", "look_below", TpeSettings::published_gpbt().look_below},
          {"trainer", "torch", "inherit_optimizer", false}}},
    };
    return all;
}

namespace {

/// Keys of a scheduler that it does not store: they are for [trainer].
std::vector<std::string> trainer_keys(const SchedulerDescriptor& scheduler) {
    std::vector<std::string> names;
    for (const auto& field : scheduler.fields) {
        if (!field.store) names.push_back(field.key.name);
    }
    return names;
}

}  // namespace

std::vector<std::pair<std::string, Literal>> schedule_values(const TrainerSettings& trainer) {
    std::vector<std::pair<std::string, Literal>> values;
    const Chosen<TrainerDescriptor> defaults{trainer.type};
    for (const auto& key : trainer_keys(named(schedulers(), "schedule"))) {
        const auto own = trainer.value(key);
        if (own && own->value != defaults.value(key)->value) values.emplace_back(key, own->value);
        if (const auto fixed = trainer.fixed.find(key); fixed != trainer.fixed.end()) values.push_back(*fixed);
    }
    return values;
}

void apply_schedule_values(Node& root) {
    const auto type = text_of(root.find("scheduler"), "type");
    const auto scheduler = std::ranges::find(schedulers(), type, &SchedulerDescriptor::name);
    const auto* trainer = trainer_of(root);
    if (scheduler == schedulers().end() || trainer == nullptr) return;
    for (const auto& key : trainer_keys(*scheduler)) {
        const Node* given = root.find("scheduler")->find(key);
        const auto is_it = [&](const auto& one) { return one.key.name == key; };
        const bool known =
            find_field(trainer->fields, key) != nullptr || std::ranges::any_of(trainer->hyperparameters, is_it);
        if (given == nullptr || !known) continue;
        const Node value = *given;
        auto* section = section_of(root, "trainer", value.place);
        if (section != nullptr && root.find("trainer")->find(key) == nullptr)
            section->push_back({key, value.place, value});
    }
}

void apply_preset(Node& root, Diagnostics& diagnostics) {
    const Node* scheduler = root.find("scheduler");
    const auto name = text_of(scheduler, "preset");
    const auto at =
        std::find_if(presets().begin(), presets().end(), [&](const Preset& one) { return one.name == name; });
    if (at == presets().end()) return;
    const Place place = scheduler->find("preset")->place;
    const auto scheduler_type = text_of(scheduler, "type");
    if (scheduler_type != at->scheduler) {
        const bool has_presets = std::any_of(presets().begin(), presets().end(),
                                             [&](const Preset& one) { return one.scheduler == scheduler_type; });
        if (!has_presets) return;  // the key's own check says that it has no meaning there
        diagnostics.error(place, "scheduler.preset", in_quotes(name) + " is for type = " + in_quotes(at->scheduler));
        return;
    }
    fill_in(root, at->values, place);
}

std::vector<KeyDefault> other_defaults_of(const SchedulerDescriptor& scheduler) {
    auto values = scheduler.other_defaults;
    const auto is_type = [](const KeyDefault& one) { return one.section == "sampler" && one.key == "type"; };
    if (scheduler.traits.lineages && !scheduler.take_stages && std::ranges::none_of(values, is_type))
        values.push_back({"sampler", "", "type", std::string("random")});
    return values;
}

void apply_other_defaults(Node& root) {
    const Node* scheduler = root.find("scheduler");
    const auto type = text_of(scheduler, "type");
    const auto at = std::ranges::find(schedulers(), type, &SchedulerDescriptor::name);
    if (at != schedulers().end()) fill_in(root, other_defaults_of(*at), scheduler->find("type")->place);
}

}  // namespace stemma
