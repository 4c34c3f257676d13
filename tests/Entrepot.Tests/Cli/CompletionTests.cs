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
    [InlineData("entrepot mirror list --output j", "Json")]
    public async Task The_parser_completes_commands_options_values_and_mirrors(string line, string expected)
        => (await _world.OutputOfAsync($"[suggest:{line.Length}]", line)).Split('\n').ShouldContain(expected);

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
        if (OperatingSystem.IsWindows() || !File.Exists("/bin/bash"))
        {
            Assert.Skip("there is no bash here");
            return;
        }

        var program = Path.Combine(AppContext.BaseDirectory, "entrepot.dll");
        File.WriteAllText(_world.Path("entrepot"), $"#!/bin/bash\nexec dotnet '{program}' \"$@\"\n");
        File.SetUnixFileMode(_world.Path("entrepot"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.WriteAllText(_world.Path("script"), await _world.OutputOfAsync("completion", "bash"));
        var words = line.Split(' ');
        var start = new ProcessStartInfo("/bin/bash")
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            ArgumentList =
            {
                "--norc", "-c",
                $$"""
                source "$1"
                compopt() { :; }
                COMP_LINE=$2 COMP_POINT=${#2}
                read -ra COMP_WORDS <<<"$2"
                [[ $2 == *' ' ]] && COMP_WORDS+=("")
                COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
                _entrepot_complete
                echo "${COMPREPLY[*]}"
                """,
                "bash", _world.Path("script"), line,
            },
        };
        start.Environment["PATH"] = $"{_world.Folder}:{Environment.GetEnvironmentVariable("PATH")}";
        start.Environment["ENTREPOT_SERVER"] = _world.Network.Url;
        using var bash = Process.Start(start)!;
        var output = await bash.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        (await bash.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken)).ShouldBe("");

        var offered = output.TrimEnd().Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => words[^1].StartsWith('-') || !word.StartsWith('-')).Order();
        string.Join(' ', offered).ShouldBe(expected);
    }
}
