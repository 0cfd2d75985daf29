// `stemma check --explain` and docs/job-reference.md, from the tables.

#include <algorithm>

#include "app/job/job.hpp"
#include "app/job/tables.hpp"

namespace stemma {

namespace {

template <class Settings>
std::vector<Key> keys_of(const std::vector<Field<Settings>>& fields) {
    std::vector<Key> keys;
    for (const auto& field : fields) keys.push_back(field.key);
    return keys;
}

std::vector<Key> trainer_keys() {
    auto keys = keys_of(trainer_fields());
    for (const auto& one : hyperparameters()) {
        keys.push_back(one.key);
        if (!one.needs.empty()) {
            keys.back().meaning += " Only with " + one.needs + " = " + alternatives(one.needs_values) + ".";
        }
    }
    return keys;
}

std::string takes(const Key& key) { return allowed_text(key) + (key.unit.empty() ? "" : ", in " + key.unit); }

/// Folds `text` to lines of at most 100 columns, each after `indent`.
std::string fold(const std::string& text, const std::string& indent) {
    constexpr std::size_t columns_max = 100;
    std::string out = indent;
    std::size_t column = indent.size();
    for (std::size_t start = 0; start < text.size();) {
        const auto end = std::min(text.find(' ', start), text.size());
        if (column > indent.size() && column + 1 + end - start > columns_max) {
            out += "\n" + indent;
            column = indent.size();
        } else if (start > 0) {
            out += ' ';
            ++column;
        }
        out += text.substr(start, end - start);
        column += end - start;
        start = end + 1;
    }
    return out + "\n";
}

std::string plain(const Key& key, bool with_types) {
    std::string out = "  " + key.name + " = " + takes(key) + "\n";
    out += fold(key.meaning, "      ");
    out += "      default: " + default_shown(key) + "\n";
    if (with_types && !key.only_for.empty()) out += "      only with type = " + alternatives(key.only_for) + "\n";
    return out;
}

std::string plain(const Section& section, std::string_view variant) {
    std::string out = "[" + section.path + "]";
    if (!variant.empty()) out += " type = " + in_quotes(variant);
    out += "\n" + fold(section.meaning, "");
    for (const auto& one : section.variants) {
        if (variant.empty()) out += fold("type = " + in_quotes(one.name) + ": " + one.meaning, "  ");
        if (variant == one.name) out += fold(one.meaning, "");
    }
    out += "\n";
    for (const auto& key : section.keys) {
        if (variant.empty() || key.applies(variant)) out += plain(key, variant.empty());
    }
    auto example = section.example;
    for (const auto& one : section.variants) {
        if (variant == one.name && !one.example.empty()) example = one.example;
    }
    if (!example.empty()) out += "\nexample:\n" + example;
    return out;
}

std::string overview(const std::vector<Section>& all) {
    std::string out =
        "A job file is TOML with these sections; `stemma check --explain SECTION`, `SECTION.TYPE` or `SECTION.KEY` "
        "says more.\n\n";
    for (const auto& section : all) {
        out += "[" + section.path + "]\n" + fold(section.meaning, "    ");
        std::string types;
        for (const auto& one : section.variants) types += (types.empty() ? "" : ", ") + one.name;
        if (!types.empty()) out += fold("types: " + types, "    ");
    }
    return out;
}

/// How `--explain` calls a section: [space.NAME] is just "space".
std::string short_path(const Section& section) {
    const auto at = section.path.find(".NAME");
    return at == std::string::npos ? section.path : section.path.substr(0, at);
}

std::string cell(const std::string& text) {
    std::string out;
    for (const char c : text) out += c == '|' ? "\\|" : std::string(1, c);
    return out;
}

/// "`a`, `b` and `c`".
std::string as_code(const std::vector<std::string>& names) {
    std::string out;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (i > 0) out += i + 1 == names.size() ? " and " : ", ";
        out += "`" + names[i] + "`";
    }
    return out;
}

/// Sections whose types have few keys in common: their keys stand under a heading for each group of types.
bool by_type(const Section& section) { return section.path == "trainer"; }

/// A key in Markdown under a heading of `level`. A job's path of it is the heading, so that links can name it.
std::string markdown(const Section& section, const Key& key, const std::string& level) {
    std::string out = "\n" + level + " " + short_path(section) + "." + key.name + "\n\n";
    out += "Takes " + allowed_text(key) + (key.unit.empty() ? "." : ", in " + key.unit + ".");
    out += key.required ? " Required." : " Default: " + default_shown(key) + ".";
    if (!key.only_for.empty() && !by_type(section)) out += " Only for " + as_code(key.only_for) + ".";
    return out + "\n\n" + key.meaning + "\n";
}

/// All keys of a section, those for every type first.
std::string markdown_keys(const Section& section) {
    std::string out;
    if (!by_type(section)) {
        for (const auto& key : section.keys) out += markdown(section, key, "###");
        return out;
    }
    std::vector<std::vector<std::string>> groups{{}};
    for (const auto& key : section.keys) {
        if (std::find(groups.begin(), groups.end(), key.only_for) == groups.end()) groups.push_back(key.only_for);
    }
    for (const auto& group : groups) {
        out += "\n### " + (group.empty() ? "All types of " + section.path : "Type " + as_code(group)) + "\n";
        for (const auto& key : section.keys) {
            if (key.only_for == group) out += markdown(section, key, "####");
        }
    }
    return out;
}

}  // namespace

std::vector<std::string> section_names() {
    return {"run", "metric", "space", "forbidden", "sampler", "scheduler", "schedule", "trainer", "workers"};
}

namespace {

Section space_section() {
    return {"space.NAME",
            "One searched parameter; its name is what the trainer knows it by. Words of other tools are understood: "
            "\"float\", \"int\", \"loguniform\" and the like, min and max, values, log = true. A list of texts is a "
            "choice among them, and a single value a constant.",
            {{"real", "a real number between low and high"},
             {"integer", "an integer between low and high, both included"},
             {"categorical", "one of a list, without order"},
             {"ordinal", "one of a list in order"},
             {"boolean", "true or false"},
             {"constant", "the same value in every configuration"}},
            keys_of(parameter_fields()),
            R"([space.optimizer]
type = "categorical"
choices = ["sgd", "adam"]

[space.lr]
type = "real"
low = 1e-5
high = 1e-1
scale = "log"

[space.momentum]
type = "real"
low = 0
high = 0.99
when = { optimizer = ["sgd"] }
)"};
}

Section scheduler_section() {
    std::vector<Variant> variants;
    for (const auto& one : schedulers()) variants.push_back({one.name, one.summary, one.example});
    return {"scheduler", "Which member trains next, and for how long. Resources are counted in [trainer] unit.",
            std::move(variants), keys_of(scheduler_fields()),
            "[scheduler]\ntype = \"asha\"\neta = 3\nmin = 1\nmax = 27\n"};
}

Section sampler_section() {
    std::vector<Variant> variants;
    for (const auto& one : samplers()) variants.push_back({one.name, one.summary});
    return {"sampler", "Where configurations come from.", std::move(variants), keys_of(sampler_fields()),
            "[sampler]\ntype = \"sobol\"\n\n[[sampler.first]]\nlr = 0.001\noptimizer = \"adam\"\n"};
}

Section trainer_section() {
    std::vector<Variant> variants;
    for (const auto& one : trainers()) variants.push_back({one.name, one.summary});
    return {"trainer",
            "What trains a member. With type = \"torch\" every hyperparameter below can be fixed here or searched in "
            "[space].",
            std::move(variants), trainer_keys(),
            "[trainer]\ntype = \"torch\"\ndata = \"fashion_mnist\"\nmodel = \"lenet\"\nbatch_size = 256\n"};
}

}  // namespace

std::vector<Section> sections() {
    return {
        {"run",
         "The search as a whole: its name, its seed, where it is recorded.",
         {},
         keys_of(run_fields()),
         "[run]\nname = \"first_try\"\nseed = 1\n"},
        {"run.budget",
         "When the search ends: the first limit reached. Schedulers that never end by themselves need at least one.",
         {},
         keys_of(budget_fields()),
         "[run.budget]\nepochs = 500\nwall_time = \"2h\"\n"},
        {"metric",
         "What makes a member good. [[metric]] two or three times optimizes as many metrics at once, each of which "
         "stands in "
         "each report. asha, asha_hyperband, sha and hyperband then promote by fronts: a member is on the front if no "
         "other "
         "is at least as good in all metrics and better in one. Inside a front those that are far from each other come "
         "first. The result is the front, which stemma front shows. Schedulers and samplers that rest on one number "
         "are "
         "refused.",
         {},
         keys_of(metric_fields()),
         "[metric]\nname = \"valid_loss\"\ndirection = \"minimize\"\n"},
        space_section(),
        {"forbidden",
         "A list of tables, each a combination that must not occur: parameter = value, or a list of values; all must "
         "hold.",
         {},
         {},
         "[[forbidden]]\noptimizer = \"sgd\"\nbatch_size = [2048, 4096]\n"},
        sampler_section(),
        scheduler_section(),
        {"schedule",
         "A list of tables for scheduler.type = \"schedule\": `to`, where a stage ends, and the hyperparameters until "
         "then. "
         "`stemma schedule RUN.h5 --best --toml` writes it.",
         {},
         {},
         "[[schedule]]\nto = 3\nlr = 0.01\n\n[[schedule]]\nto = 9\nlr = 0.002\n"},
        trainer_section(),
        {"trainer.hypergradient",
         "Hyperparameters of the weight update that move while a member trains, by approximate hypergradients of the "
         "validation loss: lr, weight_decay, momentum, beta1, beta2 with role = \"hypergradient\" in [space]. Their "
         "start comes from the sampler, a child's from its parent.",
         {},
         keys_of(hypergradient_fields()),
         "[trainer.hypergradient]\nvariant = \"wd_lr\"\ninterval = 10\n"},
        {"workers",
         "The processes that train: threads, device, memory, and what is done when something fails.",
         {},
         keys_of(worker_fields()),
         "[workers]\nthreads = 1\nsnapshot_memory = \"1GiB\"\n"},
    };
}

/// A key without its section: in all sections that have it.
std::string keys_called(const std::vector<Section>& all, std::string_view name) {
    std::string text;
    for (const auto& section : all) {
        std::string own;
        for (const auto& key : section.keys) {
            if (key.name == name) own += plain(key, true);
        }
        if (!own.empty()) text += "[" + section.path + "]\n" + own;
    }
    return text;
}

std::string explain(std::string_view path) {
    const auto all = sections();
    if (path.empty()) return overview(all);
    if (path == "markdown") return reference_markdown();
    std::vector<std::string> known;
    for (const auto& section : all) {
        const std::string name = short_path(section);
        known.push_back(name);
        if (path == name) return plain(section, "");
        for (const auto& one : section.variants) {
            known.push_back(name + "." + one.name);
            if (path == known.back()) return plain(section, one.name);
            for (const auto& key : section.keys) {
                if (key.applies(one.name) && path == name + "." + one.name + "." + key.name) return plain(key, true);
            }
        }
        std::string text;
        for (const auto& key : section.keys) {
            known.push_back(name + "." + key.name);
            // run.budget is both a key and a section: the section says more.
            if (path == known.back() && path != "run.budget") text += plain(key, true);
        }
        if (!text.empty()) return "[" + section.path + "]\n" + text;
    }
    if (auto text = keys_called(all, path); !text.empty()) return text;
    throw UserError("--explain: there is no " + in_quotes(path) + suggestion(path, known) +
                    "; without a name it lists the sections");
}

std::string reference_markdown() {
    std::string out =
        "# The job file\n\n"
        "Generated by `stemma check --explain markdown` from the table that also reads and checks job files; do not "
        "edit.\n\n"
        "A job is a [TOML](https://toml.io) file. Unknown keys are refused. Durations are seconds or such as "
        "`\"90s\"`, `\"1d12h\"`; sizes "
        "are bytes or such as `\"512MiB\"`.\nAny value can be changed on the command line: `--set scheduler.eta=4`. "
        "Commented "
        "examples are in `jobs/`.\n";
    for (const auto& section : sections()) {
        const bool list = section.path == "forbidden" || section.path == "schedule";
        out += "\n## " + std::string(list ? "[[" : "[") + section.path + (list ? "]]" : "]") + "\n\n" +
               section.meaning + "\n";
        if (!section.example.empty()) out += "\n```toml\n" + section.example + "```\n";
        if (!section.variants.empty()) out += "\n| type | meaning |\n| --- | --- |\n";
        for (const auto& one : section.variants) out += "| `" + one.name + "` | " + cell(one.meaning) + " |\n";
        out += markdown_keys(section);
    }
    return out;
}

}  // namespace stemma
