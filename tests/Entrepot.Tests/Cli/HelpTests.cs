using System.CommandLine;
using System.Text;
using Entrepot.Cli;
using Entrepot.Tests.Server.Configuration;

namespace Entrepot.Tests.Cli;

public sealed class HelpTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await CliWorld.StartAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public void Every_command_that_does_something_has_an_example_that_parses()
    {
        var root = EntrepotCommand.Create(_world.Environment(TextWriter.Null, TextWriter.Null));
        foreach (var command in Leaves(root))
        {
            var examples = command.ShouldBeOfType<ExampleCommand>().Examples;
            examples.ShouldNotBeEmpty(command.Name);
            foreach (var (line, meaning) in examples)
            {
                meaning.ShouldNotBeNullOrWhiteSpace();
                var words = line.Replace("source <(", "", StringComparison.Ordinal).Split([" > ", " < ", " | "], StringSplitOptions.None)[0].TrimEnd(')').Replace('\'', '"');
                words.ShouldStartWith("entrepot ");
                var parse = root.Parse(words["entrepot ".Length..]);
                parse.Errors.ShouldBeEmpty(line);
                parse.CommandResult.Command.ShouldBe(command, line);
            }
        }
    }

    [Fact]
    public void Every_word_of_the_help_is_described()
    {
        var root = EntrepotCommand.Create(_world.Environment(TextWriter.Null, TextWriter.Null));
        foreach (var command in Leaves(root))
        {
            command.Description.ShouldNotBeNullOrWhiteSpace();
            command.Arguments.ShouldAllBe(argument => !string.IsNullOrWhiteSpace(argument.Description), command.Name);
            command.Options.ShouldAllBe(option => !string.IsNullOrWhiteSpace(option.Description), command.Name);
        }
    }

    /// <summary>The reference page is the approved text of every help page. After a change that is meant, run this test once with
    /// ENTREPOT_APPROVE=1 and review the difference.</summary>
    [Fact]
    public async Task The_reference_page_holds_the_help_of_every_command()
    {
        var page = new StringBuilder(Preface);
        var root = EntrepotCommand.Create(_world.Environment(TextWriter.Null, TextWriter.Null));
        foreach (var words in Leaves(root).Select(Words).Prepend([]))
        {
            page.Append($"\n## entrepot {string.Join(' ', words)}".TrimEnd()).Append("\n\n```text\n");
            using var output = new StringWriter();
            var environment = new CliEnvironment { Output = output, Error = output, Input = TextReader.Null, StateFolder = "", Width = 120 };
            (await CommandLine.RunAsync([.. words, "--help"], environment, CancellationToken.None)).ShouldBe(0);
            foreach (var line in output.ToString().TrimEnd().Split('\n'))
                page.Append(line.TrimEnd()).Append('\n');
            page.Append("```\n");
        }

        var file = Path.Combine(RepositoryFiles.Root, "docs", "reference", "cli.md");
        if (Environment.GetEnvironmentVariable("ENTREPOT_APPROVE") == "1")
            File.WriteAllText(file, page.ToString());
        File.ReadAllText(file).ShouldBe(page.ToString());
    }

    private const string Preface =
        """
        # Commands

        This page is written by a test from the program's own help. What holds for every command:

        - **Results** go to the standard output, everything else (errors, questions, progress) to the standard error output.
          `--output json` writes one JSON document, the API's own where there is one, and errors as JSON too.
          `-o` is no short form of `--output`: it is the file that `pull` writes.
        - **Colours and progress** are written only to a terminal, and never when `NO_COLOR` is set or `TERM` is `dumb`.
        - **Exit codes** are listed in [exit-codes.md](exit-codes.md).
        - **The network** that a command is about is found in this order: `--server URL` (its metadata surface), `--data DIR` (the node that runs
          on that data folder), `ENTREPOT_SERVER`, `ENTREPOT_DATA`, `./data`.
        - **Destroying** commands ask on a terminal; `--yes` answers. Where nobody can be asked, `mirror delete` needs `--yes`.
          `--dry-run` only says what would change.
        - **Symbolic links** in a folder that is pushed are refused unless `--links skip` or `--links follow` says what is meant: a mirror holds
          files, and silently leaving some out, or publishing what lies outside the folder, would surprise somebody. Pipes, sockets and devices
          are always refused. All that keeps a folder from being pushed is told at once, and nothing is published then.
        - **Interrupted pushes and pulls** go on where they stopped when the same command is run again. What a push remembers lies in
          `$XDG_STATE_HOME/entrepot` (`~/.local/state/entrepot`), what a pull has so far in a folder
          `.entrepot-pull` beside the file, which it removes at the end. A connection that takes no byte
          of a push for 90 s, or gives no answer for 5 min after the last one, is left, and the push goes on over another.
        - **Standard streams**: `pull -o -` writes one file to the standard output once all of it is verified, `push - TARGET` reads the standard input;
          both keep the bytes in a temporary file meanwhile (`TMPDIR`). A pull never writes to devices, pipes or sockets, nor replaces them; a symbolic link
          to a file stays, and what it leads to is replaced.
        - **Names of pulled files** come from the mirror. One that would leave the output folder, and on Windows one that stands for a drive, a
          device or another name (`C:`, `aux.txt`, a dot or space at the end), is refused before anything is downloaded.
        - **Environment**: `ENTREPOT_SERVER`, `ENTREPOT_DATA`, `ENTREPOT_CONFIG` stand for `--server`, `--data`, `--config`; `ENTREPOT_TRACE=1` tells the whole
          story of a failure inside.

        """;

    private static IEnumerable<Command> Leaves(Command command)
        => command.Subcommands.Count == 0 ? [command] : command.Subcommands.Where(static sub => !sub.Hidden).SelectMany(Leaves);

    private static string[] Words(Command command)
    {
        var words = new List<string>();
        for (Command? at = command; at is not null and not RootCommand; at = at.Parents.OfType<Command>().FirstOrDefault())
            words.Insert(0, at.Name);
        return [.. words];
    }
}
