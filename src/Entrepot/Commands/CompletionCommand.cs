using System.CommandLine;
using Entrepot.Core.Faults;

namespace Entrepot.Cli.Commands;

/// <summary><c>entrepot completion</c>.</summary>
internal static class CompletionCommand
{
    // The scripts ask this program itself, by the parser's [suggest] directive, so they never go out of date.
    private const string Bash =
        """
        # bash completion for entrepot:  source <(entrepot completion bash)
        _entrepot_complete() {
            local word=${COMP_WORDS[COMP_CWORD]} candidate
            # bash cuts words at ':' and '='; options and names are offered whole.
            COMPREPLY=()
            while IFS= read -r candidate; do
                [[ -n $candidate && $candidate == "$word"* ]] && COMPREPLY+=("$(printf '%q' "$candidate")")
            done < <(entrepot "[suggest:${COMP_POINT}]" "${COMP_LINE}" 2>/dev/null)
            # A mirror's name is followed by a path.
            [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == */ ]] && compopt -o nospace
            return 0
        }
        complete -o bashdefault -o default -F _entrepot_complete entrepot
        """;

    private const string Zsh =
        """
        #compdef entrepot
        # zsh completion for entrepot:  source <(entrepot completion zsh)
        _entrepot() {
            local -a candidates
            candidates=("${(@f)$(entrepot "[suggest:${CURSOR}]" "${BUFFER}" 2>/dev/null)}")
            candidates=("${(@)candidates:#}")
            # Files where nothing of ours fits.
            (( ${#candidates} )) && compadd -a candidates || _files
        }
        compdef _entrepot entrepot
        """;

    private const string Fish =
        """
        # fish completion for entrepot:  entrepot completion fish | source
        function __entrepot_complete
            set -l line (commandline -cp)
            entrepot "[suggest:"(string length -- "$line")"]" "$line" 2>/dev/null
        end
        complete -c entrepot -a '(__entrepot_complete)'
        """;

    public static Command Create(CliEnvironment environment, CommonOptions common)
    {
        var shell = new Argument<string>("shell") { Description = "bash, zsh or fish" };
        shell.AcceptOnlyFromAmong("bash", "zsh", "fish");
        var command = new ExampleCommand(
            "completion", "Print a script that completes commands, options and mirror names in a shell",
            ("source <(entrepot completion bash)", "In this shell; put the line into ~/.bashrc to keep it"),
            ("entrepot completion fish > ~/.config/fish/completions/entrepot.fish", "For fish, for good"))
        {
            shell,
        };
        return command.Runs(environment, common, (context, _) =>
        {
            if (context.Format == OutputFormat.Json)
                throw Fault.Of(CliFault.Usage, FaultKind.Invalid, "a completion script is no JSON.", "Leave --output out.").ToException();
            environment.Output.WriteLine(context.Get(shell) switch { "bash" => Bash, "zsh" => Zsh, _ => Fish });
            return Task.FromResult(ExitCodes.Done);
        });
    }
}
