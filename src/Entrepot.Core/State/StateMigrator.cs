using System.Reflection;
using DbUp;
using Entrepot.Core.Faults;

namespace Entrepot.Core.State;

/// <summary>Brings a database to this build's schema. Scripts are embedded files in a feature's <c>Migrations</c> folder; a script
/// is never edited once it has been released.</summary>
internal static class StateMigrator
{
    public static void Migrate(string connectionString, string file, IReadOnlyList<Assembly> features)
    {
        var builder = DeployChanges.To.SqliteDatabase(connectionString).WithTransactionPerScript().LogToNowhere();
        foreach (var assembly in features)
            builder = builder.WithScriptsEmbeddedInAssembly(assembly, static name => name.EndsWith(".sql", StringComparison.Ordinal));
        var engine = builder.Build();

        var known = engine.GetDiscoveredScripts().Select(static script => script.Name).ToHashSet(StringComparer.Ordinal);
        var unknown = engine.GetExecutedScripts().Where(name => !known.Contains(name)).Order(StringComparer.Ordinal).ToList();
        if (unknown.Count > 0)
        {
            throw Fault.Of(
                StateFault.NewerVersion, FaultKind.Conflict,
                $"'{file}' was written by a newer version of Entrepot: it holds the schema change '{unknown[^1]}', which this build does not know.",
                "Start the newer version again, or restore the data folder from before the upgrade.").ToException();
        }

        var result = engine.PerformUpgrade();
        if (!result.Successful)
            throw Fault.Of(
                StateFault.Damaged, FaultKind.Internal,
                $"The schema change '{result.ErrorScript?.Name}' could not be applied to '{file}': {result.Error.Message}",
                "Restore the data folder from a backup, or report the change's name and this message.").ToException(result.Error);
    }
}
