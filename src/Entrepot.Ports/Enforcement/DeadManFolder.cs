using System.Globalization;
using System.Text.Json;
using Entrepot.Core.Kernel;

namespace Entrepot.Ports.Enforcement;

/// <summary>Where agent and watchdog meet, so that either may die. A file <c>armed.CHANGE</c> means that this change is to be taken back;
/// whoever renames it first, which the file system grants to one only, decides what becomes of the change. The name says which change, so
/// that the watchdog of one, or a timer that nobody stopped, never decides on the next.</summary>
/// <param name="root">The folder.</param>
public sealed class DeadManFolder(string root)
{
    private const string Armed = "armed.";

    private readonly string _snapshot = Path.Combine(root, "snapshot.json");
    private readonly string _outcome = Path.Combine(root, "outcome.json");
    private readonly string _ready = Path.Combine(root, "ready");

    /// <summary>Absolute path.</summary>
    public string Root => root;

    /// <summary>True while the change is to be taken back at its deadline.</summary>
    public bool IsArmed(string change) => File.Exists(Path.Combine(root, Armed + change));

    /// <summary>Number of the watchdog's process once it watches, or null.</summary>
    public int? Watcher => TryRead(_ready) is { } text && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>How taking back went, or null when it did not end yet.</summary>
    public RestoreOutcome? Outcome => TryRead(_outcome) is { } text ? JsonSerializer.Deserialize(text, EnforcementJson.Default.RestoreOutcome) : null;

    /// <summary>Which run of the machine this is.</summary>
    public static string BootId => OperatingSystem.IsLinux() ? File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim() : "";

    /// <summary>Writes down what is to be taken back. Durable when it returns.</summary>
    public void Arm(ArmedSnapshot snapshot)
    {
        DurableFolder.Create(root);
        foreach (var file in Directory.EnumerateFiles(root))
            File.Delete(file);
        DurableFile.Write(_snapshot, JsonSerializer.SerializeToUtf8Bytes(snapshot, EnforcementJson.Default.ArmedSnapshot));
        DurableFile.Write(Path.Combine(root, Armed + snapshot.Change), []);
    }

    /// <summary>True when what is written down is about this change.</summary>
    public bool IsAbout(string change) => File.Exists(_snapshot) && Read().Change == change;

    /// <summary>What was armed.</summary>
    public ArmedSnapshot Read() => JsonSerializer.Deserialize(File.ReadAllText(_snapshot), EnforcementJson.Default.ArmedSnapshot)!;

    /// <summary>Decides what becomes of the change.</summary>
    /// <param name="change">Which change.</param>
    /// <param name="decision">The file's new name, for whoever looks.</param>
    /// <returns>False when somebody else decided already.</returns>
    public bool TryDecide(string change, string decision)
    {
        try
        {
            File.Move(Path.Combine(root, Armed + change), Path.Combine(root, decision));
            PosixFile.SyncFolder(root);
            return true;
        }
        catch (IOException)
        {
            return false;
        }
    }

    /// <summary>True when the change was decided so.</summary>
    public bool WasDecided(string decision) => File.Exists(Path.Combine(root, decision));

    /// <summary>Tells the agent that the watchdog watches.</summary>
    public void ReportReady(int process) => DurableFile.Write(_ready, System.Text.Encoding.ASCII.GetBytes(process.ToString(CultureInfo.InvariantCulture)));

    /// <summary>Tells how taking back went.</summary>
    public void ReportOutcome(RestoreOutcome outcome)
        => DurableFile.Write(_outcome, JsonSerializer.SerializeToUtf8Bytes(outcome, EnforcementJson.Default.RestoreOutcome));

    private static string? TryRead(string file)
    {
        try
        {
            return File.ReadAllText(file);
        }
        catch (Exception error) when (error is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }
}
