#pragma once
// The hyperparameters fitted so far: when they are fitted anew, and from where.

#include <cstdint>
#include <optional>
#include <vector>

#include "core/ids.hpp"
#include "sampler/gp/fit.hpp"
#include "sampler/gp/settings.hpp"

namespace stemma::gp {

/// One measurement, to tell whether a fit has seen it.
struct Seen {
    MemberId member;
    Resource resource = 0;
    friend auto operator<=>(const Seen&, const Seen&) = default;
};

struct Hyperparameters {
    Vector logs;
    bool stale = false;  ///< the fit failed; these are of an earlier one
};

/// Remembers the last 64 lineages.
class Models {
public:
    explicit Models(const GpSettings& settings) : settings_(settings) {}

    /// For the data of the lineage of `parent` (none: of the run), of which `seen` names each row. The last model of
    /// the lineage, else of any, with the same shape counts. A new one is fitted if there is none, if any row is new to
    /// it while there are at most `refit_always` rows, or if `refit_every` rows are new to it. The fit starts from it
    /// (and from the prior's median while data are few), else from the cold starts (the first of them if data are
    /// many). Nothing if no fit ever worked for this shape.
    std::optional<Hyperparameters> get(MemberId parent, const Shape& shape, const Inputs& inputs, const Vector& targets,
                                       std::vector<Seen> seen);

    std::uint64_t fits() const { return fits_; }
    std::uint64_t likelihoods() const { return likelihoods_; }

private:
    struct Model {
        MemberId parent;
        Shape shape;
        std::vector<Seen> seen;  ///< sorted
        Vector logs;
    };
    bool due(const Model& model, const std::vector<Seen>& seen) const;
    const Model* last(MemberId parent, const Shape& shape) const;

    const GpSettings& settings_;
    std::vector<Model> models_;  ///< oldest fit first
    std::uint64_t fits_ = 0, likelihoods_ = 0;
};

}  // namespace stemma::gp
