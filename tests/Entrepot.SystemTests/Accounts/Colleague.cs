using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using Entrepot.Trust.Accounts;
using OtpNet;

namespace Entrepot.SystemTests.Accounts;

/// <summary>Somebody with an authenticator app, who accepted an invitation at the command line.</summary>
/// <param name="state">Folder of what this person's commands remember.</param>
/// <param name="secret">The key of the app, as the link has it.</param>
/// <param name="codes">The recovery codes.</param>
internal sealed class Colleague(string state, string secret, IEnumerable<string> codes)
{
    public const string Password = "orange bicycle thunder";

    private readonly Queue<string> _codes = new(codes);
    private long _step;

    public string Secret => secret;

    /// <summary>A recovery code that was not used yet.</summary>
    public string Recovery => _codes.Dequeue();

    /// <summary>Accepts an invitation.</summary>
    /// <param name="node">The origin.</param>
    /// <param name="state">Folder of what this person's commands remember.</param>
    /// <param name="invitation">Its text.</param>
    public static async Task<Colleague> JoinAsync(EntrepotProcess node, string state, string invitation)
    {
        var secret = "";
        var accepted = await ConverseAsync(node, state, ["sign-in", "--invitation"], (prompt, seen) => prompt switch
        {
            "Invitation" => invitation,
            "Code that the app shows now" => CodeOf(secret = Regex.Match(seen, "secret=([A-Z2-7]+)").Groups[1].Value, Now),
            _ => Password,
        });
        var codes = Regex.Matches(accepted, "^  ([0-9a-z-]{19})$", RegexOptions.Multiline).Select(static match => match.Groups[1].Value).ToList();
        codes.Count.ShouldBe(OneTimeText.RecoveryCodes);
        return new Colleague(state, secret, codes) { _step = Now };
    }

    /// <summary>A code that was not used yet: that of the next step of time, which a clock that is behind would show.</summary>
    public string NextCode() => CodeOf(secret, _step = Math.Max(Now, _step + 1));

    /// <summary>Runs a command as this person.</summary>
    public Task<CommandResult> RunAsync(EntrepotProcess node, params string[] arguments)
        => Command.RunAsync("env", [$"XDG_STATE_HOME={state}", EntrepotProcess.Program, .. arguments, "--data", node.Data]);

    /// <summary>Runs a command and answers its questions, which end with a colon.</summary>
    public static async Task<string> ConverseAsync(EntrepotProcess node, string state, string[] arguments, Func<string, string, string> answer)
    {
        var start = new ProcessStartInfo(EntrepotProcess.Program, [.. arguments, "--data", node.Data])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        start.Environment["XDG_STATE_HOME"] = state;
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var seen = new StringBuilder();
        var line = new StringBuilder();
        var letter = new char[1];
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (await process.StandardError.ReadAsync(letter, deadline.Token) > 0)
        {
            seen.Append(letter[0]);
            if (letter[0] == '\n')
                line.Clear();
            else
                line.Append(letter[0]);
            if (letter[0] == ' ' && line.ToString() is [.. var prompt, ':', ' '] && !prompt.StartsWith("entrepot", StringComparison.Ordinal))
                await process.StandardInput.WriteLineAsync(answer(prompt, seen.ToString()));
        }

        await process.WaitForExitAsync(deadline.Token);
        process.ExitCode.ShouldBe(0, seen.ToString());
        return await output;
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds() / SecondFactor.StepSeconds;

    private static string CodeOf(string secret, long step)
        => new Totp(Base32Encoding.ToBytes(secret)).ComputeTotp(DateTimeOffset.FromUnixTimeSeconds(step * SecondFactor.StepSeconds).UtcDateTime);
}
