namespace Entrepot.Trust.Urls;

/// <summary>The keys that sign addresses, as far as this node knows them.</summary>
public interface IUrlKeys
{
    /// <summary>Those that verify now, in the order of their hours; empty for a node that was given none.</summary>
    IReadOnlyList<UrlKey> Keys { get; }

    /// <summary>Signs an address.</summary>
    /// <returns>Parameters to append to the query; null without a key for this hour.</returns>
    string? Sign(string path, string digest);
}
