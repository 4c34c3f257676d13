using System.Reflection;

namespace Entrepot.Server.Scheduler;

/// <summary>How the product names itself in pages and metalinks.</summary>
internal static class Product
{
    /// <summary>For example <c>Entrepot/0.1.0</c>, as RFC 5854 has it for generators and RFC 9110 for user agents.</summary>
    public static string NameAndVersion { get; } = "Entrepot/" + Version();

    private static string Version()
    {
        var text = typeof(Product).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "0";
        return text.Split('+')[0];
    }
}
