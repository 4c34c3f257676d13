using System.Text.RegularExpressions;
using Entrepot.SystemTests.Accounts;

namespace Entrepot.SystemTests.Docs;

/// <summary>The walk of <c>docs/guide/changes.md</c>: its files are written and its commands run in their order, by people with authenticator apps.</summary>
public sealed class ChangesGuideTests : IAsyncLifetime
{
    private readonly TestFolder _folder = new();
    private readonly Dictionary<string, Colleague> _people = [];
    private EntrepotProcess? _origin;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_origin is not null)
            await _origin.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_walk_goes_as_the_guide_shows_it()
    {
        foreach (var program in (string[])["jq", "openssl", "sha256sum"])
            Command.Require(program);
        foreach (var step in Transcript.Read(Path.Combine(DocumentationTests.Root, "docs/guide/changes.md"), files: true))
        {
            if (step.Command.StartsWith("entrepot serve ", StringComparison.Ordinal))
                _origin = await EntrepotProcess.StartWithAsync($"{await File.ReadAllTextAsync(_folder["settings.yaml"])}\n{EntrepotProcess.AnyPorts}", _folder["data"], "serve", "--roles", "origin");
            else if (step.Command.StartsWith("entrepot user invite ", StringComparison.Ordinal))
                await InviteAsync(step);
            else
                Judge(step, await ShellAsync(step, InputOf(step)));
        }

        _origin!.Output.ShouldContain("was APPLIED WITHOUT APPROVAL by user:jane@127.0.0.1: Release tonight, nobody answers");
        foreach (var person in _people.Values)
            _origin.Output.ShouldNotContain(person.Secret);
    }

    private async Task InviteAsync(Step step)
    {
        var name = step.Command.Split(' ')[3];
        var invited = await ShellAsync(step, null);
        Judge(step, invited);
        _people[name] = await Colleague.JoinAsync(_origin!, _folder[$"state-{name}"], invited.Output.Trim().Split('\n')[^1]);
    }

    /// <summary>What somebody would type.</summary>
    private string? InputOf(Step step)
        => !_people.TryGetValue(step.Who, out var person) ? null
            : step.Command.StartsWith("entrepot sign-in ", StringComparison.Ordinal) ? $"{Colleague.Password}\n{person.Recovery}\n"
            : Regex.IsMatch(step.Command, "^entrepot change (approve|review) ") ? $"{person.NextCode()}\n"
            : null;

    private static void Judge(Step step, CommandResult result)
    {
        var refused = step.Shown.Any(static line => line.StartsWith("entrepot: ", StringComparison.Ordinal));
        (result.ExitCode != 0).ShouldBe(refused, $"{step.Place}: $ {step.Command}\nended with {result.ExitCode} after\n{result.Output}");
        step.ShouldHappen(result.Output);
    }

    private Task<CommandResult> ShellAsync(Step step, string? input)
        => Command.RunWithInputAsync(
            input ?? "", "bash", "-c",
            $"cd '{_folder.Root}' && export PATH='{Path.GetDirectoryName(EntrepotProcess.Program)}':\"$PATH\" XDG_STATE_HOME='{_folder[$"state-{step.Who}"]}' ENTREPOT_DATA='{_origin?.Data}' && exec 2>&1\n{step.Command}");
}
