#pragma once
// The hyperparameters fitted so far: when they are fitted anew, and from which start.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "core/ids.hpp"
#include "sampler/gp/fit.hpp"
#include "sampler/gp/settings.hpp"
#include "sampler/sampler.hpp"

namespace stemma::gp {

/// One measurement, to tell whether a fit has seen it.
struct Seen {
    MemberId member;
    Resource resource = 0;
    friend auto operator<=>(const Seen&, const Seen&) = default;
};

struct Hyperparameters {
    Vector logs;
    bool stale = false;  ///< the fit failed; these are of an earlier fit
};

/// Remembers the last 64 lineages.
class Models {
public:
    explicit Models(const GpSettings& settings) : settings_(settings) {}

    /// Hyperparameters for the data of the lineage of `parent` (none: of the run). `seen` names each row. The last
    /// model of the lineage with the same shape counts, else the last of any lineage. A new model is fitted in three
    /// cases: there is none; any row is new to it while there are at most `refit_always` rows; `refit_every` rows are
    /// new to it. The fit starts from the last model (and from the prior's median while data are few), else from the
    /// cold starts. With many data only the first cold start is used. Nothing if no fit ever succeeded for this shape.
    ///
    /// With `fit_elsewhere`, a fit of more than `refit_always` rows is only wanted, one at a time for each lineage and
    /// shape. The last model is returned meanwhile; nothing if there is none.
    std::optional<Hyperparameters> get(MemberId parent, const Shape& shape, const Inputs& inputs, const Vector& targets,
                                       std::vector<Seen> seen);

    /// The last get() lacked a fit that had been wanted before, or had no model at all.
    bool late() const { return late_; }
    std::span<const WantedFit> wanted() const { return wanted_; }
    void fitted(std::uint64_t number, std::span<const double> logs);

    std::uint64_t fits() const { return fits_; }
    std::uint64_t likelihoods() const { return likelihoods_; }

private:
    struct Model {
        MemberId parent;
        Shape shape;
        std::vector<Seen> seen;  ///< sorted
        Vector logs;
    };
    /// The model that a wanted fit will give.
    struct Pending {
        MemberId parent;
        Shape shape;
        std::vector<Seen> seen;
    };
    FitTask task(const Model* before, const Shape& shape, const Inputs& inputs, const Vector& targets) const;
    void remember(Model model);
    /// False if such a fit is wanted already, or too many fits are.
    bool want(Pending pending, std::shared_ptr<const ModelFit> fit);
    bool due(const Model& model, const std::vector<Seen>& seen) const;
    const Model* last(MemberId parent, const Shape& shape) const;

    const GpSettings& settings_;
    std::vector<Model> models_;  ///< oldest fit first
    std::vector<WantedFit> wanted_;
    std::vector<Pending> pending_;  ///< of each of wanted_
    std::uint64_t next_fit_ = 0;
    bool late_ = false;
    std::uint64_t fits_ = 0, likelihoods_ = 0;
};

}  // namespace stemma::gp
