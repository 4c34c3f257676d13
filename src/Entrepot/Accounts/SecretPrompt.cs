using System.Text;
using Entrepot.Core.Faults;

namespace Entrepot.Cli.Accounts;

/// <summary>Asks for what nobody shall see: from a terminal without showing it, else the next line of the standard input. Never from the
/// command line, which every user of the machine can read.</summary>
internal static class SecretPrompt
{
    /// <summary>Asks.</summary>
    /// <param name="environment">Whom.</param>
    /// <param name="question">What, without a colon.</param>
    /// <exception cref="FaultException"><see cref="CliFault.Usage"/>: nothing was answered.</exception>
    public static string Ask(CliEnvironment environment, string question)
    {
        environment.Error.Write($"{question}: ");
        var answer = environment.ReadSecret?.Invoke() ?? environment.Input.ReadLine();
        environment.Error.WriteLine();
        return string.IsNullOrEmpty(answer)
            ? throw Fault.Of(CliFault.Usage, FaultKind.Invalid, $"nothing was entered for '{question}'.", "Run it on a terminal, or give one answer a line on the standard input.").ToException()
            : answer;
    }

    /// <summary>Reads from a terminal without showing what is typed.</summary>
    public static string ReadFromTerminal()
    {
        var text = new StringBuilder();
        while (true)
        {
            var key = Console.ReadKey(intercept: true);
            if (key.Key == ConsoleKey.Enter)
                return text.ToString();
            if (key.Key == ConsoleKey.Backspace && text.Length > 0)
                text.Length--;
            else if (!char.IsControl(key.KeyChar))
                text.Append(key.KeyChar);
        }
    }
}
