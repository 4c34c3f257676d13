using System.Globalization;
using System.Text.RegularExpressions;
using Entrepot.SystemTests.Ports;

namespace Entrepot.SystemTests.Docs;

/// <summary>The walk of <c>docs/guide/ports.md</c>: its files are written and its commands run in their order, on two hosts that see each other. The
/// first has a process namespace of its own, so that it shows what a machine shows on which nothing else runs.</summary>
public sealed partial class PortsGuideTests : IAsyncLifetime
{
    /// <summary>What these show becomes true by itself within seconds, as the guide says; they change nothing, so they are run until it is.</summary>
    private static readonly string[] Looks = ["entrepot ports status", "entrepot ports findings list", "entrepot ports probe", "entrepot ports list"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);

    private readonly TestFolder _folder = new();
    private readonly List<RunningCommand> _staying = [];
    private VirtualNetwork _network = null!;
    private RunningCommand _holder = null!;
    private string _host = "";

    /// <summary>The number of the newest finding that was looked at: which one it is depends on when the node looked.</summary>
    private string _finding = "";

    public async ValueTask InitializeAsync()
    {
        await VirtualNetwork.RequireAsync("nft", "conntrack", "unshare", "nsenter", "python3", "ncat", "curl");
        _network = await VirtualNetwork.CreateAsync(2);
        // All processes of a process namespace end with its first.
        _holder = _network[0].Start(
            "unshare", "--pid", "--uts", "--fork", "--kill-child", "--mount-proc", "sh", "-c", $"hostname hall-a && touch '{_folder["ready"]}' && exec sleep 1200");
        await Poll.UntilAsync(() => Task.FromResult(_holder.HasEnded || File.Exists(_folder["ready"])), Patience, () => "no process namespace was made");
        Assert.SkipWhen(_holder.HasEnded, "process namespaces can't be made here");
        _host = (await File.ReadAllTextAsync($"/proc/{_holder.Id}/task/{_holder.Id}/children")).Trim();
        await File.WriteAllTextAsync(_folder["shell"], $$"""
            cd '{{_folder.Root}}'
            export ENTREPOT_AGENT='{{_folder["agent.sock"]}}' PATH='{{Path.GetDirectoryName(EntrepotProcess.Program)}}':"$PATH"
            sudo() { "$@"; }
            ssh() { shift; ip netns exec {{_network[1].Namespace}} "$@"; }
            exec 2>&1

            """);
    }

    public async ValueTask DisposeAsync()
    {
        _holder?.Dispose();
        _staying.ForEach(static running => running.Dispose());
        if (_network is not null)
            await _network.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task The_walk_goes_as_the_guide_shows_it()
    {
        foreach (var step in Transcript.Read(Path.Combine(DocumentationTests.Root, "docs/guide/ports.md"), files: true))
        {
            if (step.Command.EndsWith('&'))
                await StayAsync(step);
            else if (Array.Exists(Looks, look => step.Command.StartsWith(look, StringComparison.Ordinal)))
                await LookAsync(step);
            else
                Judge(step, await ShellAsync(Acknowledge().Replace(step.Command, $"findings ack {_finding} ")));
        }
    }

    private static void Judge(Step step, CommandResult result)
    {
        var refused = step.Shown.Any(static line => line.StartsWith("entrepot: ", StringComparison.Ordinal) || line.Contains("nothing of it would be used") || line == "Ncat: TIMEOUT.");
        (result.ExitCode != 0).ShouldBe(refused, $"{step.Place}: $ {step.Command}\nended with {result.ExitCode} after\n{result.Output}");
        step.ShouldHappen(result.Output);
    }

    /// <summary>A program that stays in the background is judged by what it says when it is ready.</summary>
    private async Task StayAsync(Step step)
    {
        var log = _folder[string.Create(CultureInfo.InvariantCulture, $"background-{_staying.Count}")];
        _staying.Add(Start($"{step.Command.TrimEnd('&')} > '{log}' 2>&1"));
        await UntilAsync(step, async () => File.Exists(log) ? await File.ReadAllTextAsync(log) : "");
    }

    private Task LookAsync(Step step) => UntilAsync(step, async () =>
    {
        var output = (await ShellAsync(step.Command)).Output;
        if (Newest().Match(output) is { Success: true } newest && step.Command.Contains(" findings "))
            _finding = newest.Groups[1].Value;
        return output;
    });

    private static async Task UntilAsync(Step step, Func<Task<string>> look)
    {
        var seen = "";
        await Poll.UntilAsync(async () => step.Happens(seen = await look()), Patience, () => $"{step.Place}: $ {step.Command}\ndoes not print what is shown, but\n{seen}");
    }

    private async Task<CommandResult> ShellAsync(string line)
    {
        using var running = Start(line);
        return await running.EndAsync();
    }

    private RunningCommand Start(string line)
        => Command.Start("nsenter", "--target", _host, "--pid", "--mount", "--net", "--uts", "bash", "-c", $". '{_folder["shell"]}'\n{line}");

    [GeneratedRegex(@"findings ack \d+ ")]
    private static partial Regex Acknowledge();

    [GeneratedRegex(@"^ *(\d+)  (tcp|udp)/", RegexOptions.Multiline)]
    private static partial Regex Newest();
}
