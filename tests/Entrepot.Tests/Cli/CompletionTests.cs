using System.Diagnostics;

namespace Entrepot.Tests.Cli;

public sealed class CompletionTests : IAsyncLifetime
{
    private CliWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _world = await CliWorld.StartAsync();
        _world.Network.AddMirror("images");
        _world.Network.AddMirror("isos");
    }

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Theory]
    [InlineData("entrepot mir", "mirror")]
    [InlineData("entrepot mirror s", "show")]
    [InlineData("entrepot push --de", "--delete")]
    [InlineData("entrepot completion f", "fish")]
    [InlineData("entrepot mirror show ima", "images")]
    [InlineData("entrepot pull iso", "isos/")]
    [InlineData("entrepot serve --roles sch", "scheduler")]
    [InlineData("entrepot mirror list --output j", "json")]
    public async Task The_parser_completes_commands_options_values_and_mirrors(string line, string expected)
        => (await _world.OutputOfAsync($"[suggest:{line.Length}]", line)).Split('\n').ShouldContain(expected);

    [Fact]
    public async Task Values_are_offered_as_the_help_writes_them()
    {
        (await _world.OutputOfAsync("[suggest:26]", "entrepot push a b --links ")).Trim().Split('\n').ShouldBe(["refuse", "skip", "follow"], ignoreOrder: true);
        (await _world.OutputOfAsync("[suggest:24]", "entrepot nodes --output ")).Trim().Split('\n').ShouldBe(["table", "json"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_network_that_does_not_answer_costs_no_more_than_the_names()
    {
        _world.Variables["ENTREPOT_SERVER"] = "http://127.0.0.1:1";

        var lines = (await _world.OutputOfAsync("[suggest:25]", "entrepot mirror show imag")).Split('\n');

        lines.ShouldNotContain("images");
    }

    [Theory]
    [InlineData("bash", "complete -o bashdefault -o default -F _entrepot_complete entrepot")]
    [InlineData("zsh", "compdef _entrepot entrepot")]
    [InlineData("fish", "complete -c entrepot")]
    public async Task Each_shell_has_a_script(string shell, string line)
        => (await _world.OutputOfAsync("completion", shell)).ShouldContain(line);

    /// <summary>A real bash loads the script, and the built program answers it.</summary>
    [Theory]
    [InlineData("entrepot mir", "mirror")]
    [InlineData("entrepot snapshot ", "diff list rollback")]
    [InlineData("entrepot mirror show i", "images isos")]
    [InlineData("entrepot pull ima", "images/")]
    [InlineData("entrepot push --dr", "--dry-run")]
    [InlineData("entrepot push /etc/hos", "")]
    public async Task Bash_offers_what_fits(string line, string expected)
    {
        var words = line.Split(' ');
        var output = await RunAsync(
            "bash", "--norc",
            """
            source "$1"
            compopt() { :; }
            COMP_LINE=$2 COMP_POINT=${#2}
            read -ra COMP_WORDS <<<"$2"
            [[ $2 == *' ' ]] && COMP_WORDS+=("")
            COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
            _entrepot_complete
            echo "${COMPREPLY[*]}"
            """,
            line);

        var offered = output.TrimEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => words[^1].StartsWith('-') || !word.StartsWith('-')).Order();
        string.Join(' ', offered).ShouldBe(expected);
    }

    /// <summary>A real fish completes a line as it would for a person.</summary>
    [Theory]
    [InlineData("entrepot mir", "mirror")]
    [InlineData("entrepot mirror show i", "images isos")]
    [InlineData("entrepot pull ima", "images/")]
    [InlineData("entrepot push --dr", "--dry-run")]
    public async Task Fish_offers_what_fits(string line, string expected)
    {
        var output = await RunAsync("fish", "--no-config", "source $argv[1]; complete -C $argv[2]", line);

        string.Join(' ', output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order()).ShouldBe(expected);
    }

    /// <summary>zsh's own part, the matching of words, needs a terminal; here its functions are replaced by ones that print.</summary>
    [Theory]
    [InlineData("entrepot mirror show i", "images isos")]
    [InlineData("entrepot push --dr", "--dry-run")]
    [InlineData("entrepot push /etc/hos", "FILES")]
    public async Task Zsh_is_handed_what_fits(string line, string expected)
    {
        var output = await RunAsync(
            "zsh", "-f",
            """
            compdef() { : }
            compadd() { print -rl -- ${(M)candidates:#${BUFFER##* }*} | grep . }
            _files() { print FILES }
            BUFFER=$2 CURSOR=${#2}
            source "$1"
            _entrepot
            """,
            line);

        string.Join(' ', output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order()).ShouldBe(expected);
    }

    /// <summary>As a person who presses the key again: names that the network does not tell within a second are left out, and on a machine
    /// that runs everything else at once a whole program may take longer than that.</summary>
    private async Task<string> RunAsync(string shell, string withoutProfile, string code, string line)
    {
        var output = "";
        for (var press = 0; press < 10 && output.Trim().Length == 0; press++)
            output = await PressAsync(shell, withoutProfile, code, line);
        return output;
    }

    /// <summary>Runs a shell's code with the completion script of that shell as its first argument and the line as its second.</summary>
    private async Task<string> PressAsync(string shell, string withoutProfile, string code, string line)
    {
        var program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, shell)).FirstOrDefault(File.Exists);
        Assert.SkipWhen(OperatingSystem.IsWindows() || program is null, $"there is no {shell} here");
        var cancellation = TestContext.Current.CancellationToken;
        var entrepot = _world.Write("entrepot", $"#!/bin/sh\nexec dotnet '{Path.Combine(AppContext.BaseDirectory, "entrepot.dll")}' \"$@\"\n");
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(entrepot, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var script = _world.Write("script", await _world.OutputOfAsync("completion", shell));
        var start = new ProcessStartInfo(program!) { RedirectStandardOutput = true, RedirectStandardError = true };
        // After -c, fish takes what follows for arguments; the others take the first of them for a name.
        string[] arguments = shell == "fish" ? [withoutProfile, "-c", code, script, line] : [withoutProfile, "-c", code, shell, script, line];
        foreach (var argument in arguments)
            start.ArgumentList.Add(argument);
        start.Environment["PATH"] = $"{_world.Folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["ENTREPOT_SERVER"] = _world.Network.Url;
        using var running = Process.Start(start)!;
        var error = running.StandardError.ReadToEndAsync(cancellation);
        var output = await running.StandardOutput.ReadToEndAsync(cancellation);
        (await error).ShouldBe("");
        return output;
    }
}
