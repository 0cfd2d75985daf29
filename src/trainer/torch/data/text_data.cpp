#include "trainer/torch/data/text_data.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <span>

#include "core/error.hpp"
#include "trainer/torch/data/split.hpp"
#include "trainer/torch/data/text.hpp"

namespace stemma {
namespace {

namespace fs = std::filesystem;

constexpr std::array treebank = {"ptb.train.txt", "ptb.valid.txt", "ptb.test.txt"};

std::string treebank_file(const TorchSettings& settings, const std::string& name) {
    if (const auto file = fs::path(settings.path) / name; fs::exists(file)) return file.string();
    throw UserError("text: no " + name + " in " + settings.path +
                    " (trainer.path); put there ptb.train.txt, ptb.valid.txt and ptb.test.txt of Mikolov's Penn "
                    "Treebank, or name one plain text file");
}

/// The word after the last one of a part is its last target.
Rows as_rows(const Vocabulary& vocabulary, std::span<const std::int64_t> words) {
    const auto numbers = torch::tensor(vocabulary.translated(words), torch::kInt64);
    return {numbers.slice(0, 0, -1).clone(), numbers.slice(0, 1).clone()};
}

/// Three parts of one text, or the three files of the Penn Treebank.
struct Parts {
    Lexicon lexicon;
    std::array<std::vector<std::int64_t>, 3> words;
};

void split_by_place(const TorchSettings& settings, const std::vector<std::int64_t>& all, Parts& parts) {
    const auto n = static_cast<std::int64_t>(all.size());
    const auto valids = share(settings.valid, n, 0.1);
    const auto tests = share(settings.test, n, 0.1);
    const auto trains = n - valids - tests;
    demand_rows(settings.path, n, trains, valids, tests, "words");
    auto from = all.begin();
    for (std::size_t part = 0; part < parts.words.size(); ++part) {
        const auto until = from + std::array{trains, valids, tests}[part];
        parts.words[part].assign(from, until);
        from = until;
    }
}

}  // namespace

void check_text_files(const TorchSettings& settings) {
    if (settings.path.empty()) {
        throw UserError(
            "trainer.path is missing: data = \"text\" needs a plain text file, or the folder with "
            "ptb.train.txt, ptb.valid.txt and ptb.test.txt");
    }
    if (!fs::exists(settings.path)) {
        throw UserError("text: " + settings.path +
                        " (trainer.path) does not exist; name a plain text file, or the folder with Mikolov's "
                        "ptb.train.txt, ptb.valid.txt and ptb.test.txt");
    }
    if (!fs::is_directory(settings.path)) return;
    for (const auto* name : treebank) treebank_file(settings, name);
    if (settings.valid == 0 && settings.test == 0) return;
    throw UserError("trainer.valid and trainer.test have no meaning for the three files in " + settings.path +
                    ", which are training, validation and test; leave them out");
}

Data load_text(const TorchSettings& settings) {
    Parts parts;
    Data data;
    if (fs::is_directory(settings.path)) {
        data.name = "Penn Treebank";
        for (std::size_t part = 0; part < treebank.size(); ++part)
            parts.words[part] = parts.lexicon.read(treebank_file(settings, treebank[part]));
    } else {
        data.name = fs::path(settings.path).filename().string();
        split_by_place(settings, parts.lexicon.read(settings.path), parts);
    }
    for (const auto& words : parts.words) {
        if (words.size() < 2) throw UserError(settings.path + ": a part of one word has nothing to predict");
    }
    const auto vocabulary = make_vocabulary(parts.lexicon, parts.words[0], settings.vocabulary);
    data.classes = static_cast<std::int64_t>(vocabulary.words.size());
    data.train = as_rows(vocabulary, parts.words[0]);
    data.valid = as_rows(vocabulary, parts.words[1]);
    data.test = as_rows(vocabulary, parts.words[2]);
    return data;
}

Data in_streams(const Data& text, std::int64_t batch_size) {
    constexpr std::int64_t measured_streams = 40, measured_steps = 70;
    const auto cut = [](const Rows& words, std::int64_t streams) {
        const auto steps = words.size() / streams;
        if (steps < 1) {
            throw Infeasible("batch_size = " + std::to_string(streams) + " streams are more than the " +
                             std::to_string(words.size()) + " words of a part of the text");
        }
        const auto side_by_side = [&](const torch::Tensor& flat) {
            return flat.slice(0, 0, streams * steps).view({streams, steps}).t().contiguous();
        };
        return Rows{side_by_side(words.x), side_by_side(words.y)};
    };
    const auto measured = [&](const Rows& words) {
        return cut(words, std::clamp<std::int64_t>(words.size() / measured_steps, 1, measured_streams));
    };
    auto data = text;
    data.train = cut(text.train, batch_size);
    if (text.tune.x.defined()) data.tune = cut(text.tune, batch_size);
    data.valid = measured(text.valid);
    data.test = measured(text.test);
    return data;
}

}  // namespace stemma
