#pragma once
// Commands with placeholders, for programs that do not know Stemma: ["python3", "train.py", "--lr={lr}"].

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace stemma {

/// Placeholders beside the names of hyperparameters:
///   from, to      units trained before, and units to train to
///   max           the largest resource of a member; empty where the search sets none
///   start, save   snapshot to go on from (empty: from scratch), and where to leave one
///   metrics       a file to which the program may write its metrics as JSON
///   seed          31 bits, a function of the run's seed and the member
///   run_seed      31 bits, the same for all members
///   member        the member's number
const std::vector<std::string>& placeholders_of_trainings();

/// A command whose words may have placeholders: a name in braces, without blanks, quotes, commas, colons and braces in
/// it. Other braces are plain text. "{{" is a brace, and "}}" after it is the brace that closes it.
class CommandTemplate {
public:
    explicit CommandTemplate(std::vector<std::string> words);

    /// Names of all placeholders, in order, each once. Empty: the words are a plain command.
    const std::vector<std::string>& names() const { return names_; }
    bool has(std::string_view name) const;
    /// The words of one training. Drops a word that has a placeholder whose value is missing or empty.
    std::vector<std::string> filled(const std::map<std::string, std::string>& values) const;
    /// An option word that would stay behind alone when the word after it is dropped: {"--resume", "{start}"}. "" =
    /// none. `empty`: placeholders that can be empty.
    std::string left_alone(const std::vector<std::string>& empty) const;

private:
    struct Piece {
        std::string text;  ///< plain text, or the name of a placeholder
        bool placeholder = false;
    };
    static std::vector<Piece> pieces_of(std::string_view word);

    std::vector<std::vector<Piece>> words_;
    std::vector<std::string> names_;
};

}  // namespace stemma
