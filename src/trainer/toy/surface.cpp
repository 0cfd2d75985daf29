#include "trainer/toy/surface.hpp"

#include <algorithm>
#include <cmath>

#include "core/error.hpp"
#include "core/ids.hpp"
#include "core/rng.hpp"
#include "core/suggest.hpp"

namespace stemma {

namespace {

/// Where the optimum lies in coordinate i: never at a center or an edge.
double optimum(std::size_t i) {
    const double golden = 0.6180339887498949;
    return 0.2 + 0.6 * std::fmod(0.35 + golden * static_cast<double>(i), 1.0);
}

double squared_distance(const std::vector<double>& x, double first_weight) {
    double sum = 0;
    for (std::size_t i = 0; i < x.size(); ++i) {
        const double away = x[i] - optimum(i);
        const double weight = 1.0 / static_cast<double>((i + 1) * (i + 1));
        sum += (i == 0 ? first_weight : weight) * away * away;
    }
    return sum;
}

}  // namespace

std::optional<PathKind> Surface::path() const {
    switch (kind) {
        case Kind::plain:
            return PathKind::plain;
        case Kind::deceptive:
            return PathKind::deceptive;
        case Kind::moving:
            return PathKind::moving;
        case Kind::decay:
            return PathKind::decay;
        case Kind::curvatures:
            return PathKind::curvatures;
        default:
            return std::nullopt;
    }
}

double Surface::noise_of(MemberId member, Resource resource) const {
    if (noise <= 0) return 0;
    return noise * Stream(seed, Purpose::surface, member.value, static_cast<std::uint64_t>(resource)).normal();
}

double Surface::loss(const std::vector<double>& x, MemberId member, Resource resource) const {
    if (const auto along = path()) {
        auto state = path_start(*along);
        for (Resource done = 1; done <= resource; ++done)
            state = path_unit(*along, state, x.empty() ? 0 : x.front(), done, max);
        return state.loss + noise_of(member, resource);
    }
    double asymptote = 0.1;
    double rate = 0.5;
    switch (kind) {
        case Kind::quadratic:
            asymptote += squared_distance(x, 1);
            break;
        case Kind::narrow:
            asymptote += std::min(2.0, squared_distance(x, 25));
            break;
        case Kind::crossing: {
            const double distance = squared_distance(x, 1);
            asymptote += distance;
            rate = 0.25 + std::min(1.0, distance);
            break;
        }
        case Kind::flat:
        default:
            asymptote += 0.2;
            break;
    }
    const double time = static_cast<double>(resource) / unit;
    double value = asymptote + 0.9 * std::pow(time + 1, -rate);
    if (kind != Kind::flat && !x.empty() && x.front() > 0.97) value = 10 + asymptote;
    return value + noise_of(member, resource);
}

const std::vector<std::string>& surface_names() {
    static const std::vector<std::string> names = {"quadratic", "narrow", "crossing", "flat",      "plain",
                                                   "deceptive", "moving", "decay",    "curvatures"};
    return names;
}

Surface::Kind surface_named(std::string_view name) {
    const auto& names = surface_names();
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) {
        throw UserError(
            "trainer.surface: there is no surface \"" + std::string(name) +
            "\"; there are quadratic, narrow, crossing, flat, plain, deceptive, moving, decay and curvatures" +
            did_you_mean(name, names));
    }
    return static_cast<Surface::Kind>(found - names.begin());
}

}  // namespace stemma
