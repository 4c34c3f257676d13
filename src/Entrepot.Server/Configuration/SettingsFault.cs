using Entrepot.Core.Faults;

namespace Entrepot.Server.Configuration;

/// <summary>Why settings were refused.</summary>
public enum SettingsFault
{
    /// <summary>The file can't be read.</summary>
    Unreadable,

    /// <summary>The file holds errors.</summary>
    Invalid,
}

/// <summary>One thing that is wrong in a settings file.</summary>
/// <param name="File">The file as it was named.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Message">What was found and what is allowed.</param>
public sealed record SettingsError(string File, int Line, int Column, string Message)
{
    /// <summary><c>file:line:column: message</c>, as compilers write it and editors understand it.</summary>
    public override string ToString() => $"{File}:{Line}:{Column}: {Message}";
}

/// <summary>What reading a settings file came to.</summary>
/// <param name="Settings">The settings, or null when there are errors.</param>
/// <param name="Errors">Every error, in the file's order; empty when there are settings.</param>
/// <param name="Given">Dotted paths of the settings that the file states; the others have their default.</param>
public sealed record SettingsResult(Settings? Settings, IReadOnlyList<SettingsError> Errors, IReadOnlySet<string> Given)
{
    /// <summary>The settings, or every error in one fault.</summary>
    /// <exception cref="FaultException"><see cref="SettingsFault.Invalid"/>; its message has one line per error.</exception>
    public Settings Require()
        => Settings ?? throw Fault.Of(
            SettingsFault.Invalid, FaultKind.Invalid,
            $"the settings hold {(Errors.Count == 1 ? "an error" : $"{Errors.Count} errors")}:\n" + string.Join('\n', Errors),
            "Correct the lines named above; docs/reference/configuration.md lists every setting.").ToException();
}
