using Entrepot.Core.Documents;
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

/// <summary>What reading a settings file came to.</summary>
/// <param name="Settings">The settings, or null when there are errors.</param>
/// <param name="Errors">Every error, in the file's order; empty when there are settings.</param>
/// <param name="Given">Dotted paths of the settings that the file states; the others have their default.</param>
public sealed record SettingsResult(Settings? Settings, IReadOnlyList<DocumentError> Errors, IReadOnlySet<string> Given)
{
    /// <summary>The settings, or every error in one fault.</summary>
    /// <exception cref="FaultException"><see cref="SettingsFault.Invalid"/>; its message has one line per error.</exception>
    public Settings Require()
        => Settings ?? throw Fault.Of(
            SettingsFault.Invalid, FaultKind.Invalid,
            $"the settings hold {(Errors.Count == 1 ? "an error" : $"{Errors.Count} errors")}:\n" + string.Join('\n', Errors),
            "Correct the lines named above; docs/reference/configuration.md lists every setting.").ToException();
}
