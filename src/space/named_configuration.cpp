#include <cmath>

#include "core/error.hpp"
#include "core/suggest.hpp"
#include "space/search_space.hpp"

namespace stemma {
namespace {

/// A value that a trainer asks for by name, with the text of an error about it.
struct Asked {
    const SearchSpace& space;
    std::string_view name;

    /// Beginning of a message: where the parameter stands in the job, or where the first parameter does.
    std::string hyperparameter() const {
        const auto index = space.find(name);
        std::string where;
        if (space.size() > 0) where = space.parameters()[index.value_or(0)].where;
        return (where.empty() ? "" : where + ": ") + "hyperparameter \"" + std::string(name) + "\" ";
    }

    [[noreturn]] void wrong_kind(const Literal& found, const char* wanted) const {
        throw UserError(hyperparameter() + "must be " + wanted + " here, found " + to_string(found) +
                        "; change it in [space]");
    }

    /// Throws if the value is absent or inactive. The message says which of the two, and lists the known names.
    Literal required(std::optional<Literal> found) const {
        if (found) return *std::move(found);
        if (space.find(name)) {
            throw UserError(hyperparameter() +
                            "is needed but inactive under this configuration; widen its `when` in [space]");
        }
        std::vector<std::string> known;
        std::string list;
        for (const auto& parameter : space.parameters()) {
            known.push_back(parameter.name);
            list += (list.empty() ? "" : ", ") + parameter.name;
        }
        throw UserError(hyperparameter() + "is needed but not in [space]" + did_you_mean(name, known) +
                        "; there are: " + list);
    }

    double to_real(const Literal& found) const {
        if (const auto* real = std::get_if<double>(&found)) return *real;
        if (const auto* integer = std::get_if<std::int64_t>(&found)) return static_cast<double>(*integer);
        wrong_kind(found, "a number");
    }

    std::int64_t to_integer(const Literal& found) const {
        if (const auto* integer = std::get_if<std::int64_t>(&found)) return *integer;
        const auto* real = std::get_if<double>(&found);
        if (real && *real == std::floor(*real) && std::abs(*real) <= 0x1p53) return static_cast<std::int64_t>(*real);
        wrong_kind(found, "an integer");
    }

    bool to_boolean(const Literal& found) const {
        if (const auto* boolean = std::get_if<bool>(&found)) return *boolean;
        wrong_kind(found, "true or false");
    }

    std::string to_text(Literal found) const {
        if (auto* text = std::get_if<std::string>(&found)) return std::move(*text);
        wrong_kind(found, "a text");
    }
};

}  // namespace

std::optional<Literal> NamedConfiguration::literal(std::string_view name) const {
    const auto index = space_->find(name);
    return index ? space_->literal(*index, values_[*index]) : std::nullopt;
}

bool NamedConfiguration::has(std::string_view name) const {
    const auto index = space_->find(name);
    return index && !std::holds_alternative<Inactive>(values_[*index]);
}

double NamedConfiguration::real(std::string_view name) const {
    const Asked asked{*space_, name};
    return asked.to_real(asked.required(literal(name)));
}
std::int64_t NamedConfiguration::integer(std::string_view name) const {
    const Asked asked{*space_, name};
    return asked.to_integer(asked.required(literal(name)));
}
bool NamedConfiguration::boolean(std::string_view name) const {
    const Asked asked{*space_, name};
    return asked.to_boolean(asked.required(literal(name)));
}
std::string NamedConfiguration::text(std::string_view name) const {
    const Asked asked{*space_, name};
    return asked.to_text(asked.required(literal(name)));
}

double NamedConfiguration::real_or(std::string_view name, double fallback) const {
    const auto found = literal(name);
    return found ? Asked{*space_, name}.to_real(*found) : fallback;
}
std::int64_t NamedConfiguration::integer_or(std::string_view name, std::int64_t fallback) const {
    const auto found = literal(name);
    return found ? Asked{*space_, name}.to_integer(*found) : fallback;
}
bool NamedConfiguration::boolean_or(std::string_view name, bool fallback) const {
    const auto found = literal(name);
    return found ? Asked{*space_, name}.to_boolean(*found) : fallback;
}
std::string NamedConfiguration::text_or(std::string_view name, std::string fallback) const {
    auto found = literal(name);
    return found ? Asked{*space_, name}.to_text(*std::move(found)) : std::move(fallback);
}

}  // namespace stemma
