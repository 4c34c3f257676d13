using Entrepot.Ports.Firewalls.Proof;

namespace Entrepot.Ports.Declarations.Reading;

/// <summary>Grants that change nothing, because others of the service cover them, alone or together.</summary>
internal static class GrantChecks
{
    public static void Check(PortfileDraft draft, Portfile portfile, PortfileIssues issues)
    {
        var services = draft.Services.Where(static service => service.Name is not null).ToDictionary(static service => service.Name!, StringComparer.Ordinal);
        foreach (var remark in DeclarationAnalysis.Of(portfile))
        {
            if (!services.TryGetValue(remark.Service, out var service))
                continue;
            var grants = service.Values.Get(ServiceKeys.Allow, []);
            var at = remark.Index is { } index && index < grants.Count ? grants[index].Node : service.Values.At(ServiceKeys.Allow, ServiceKeys.Name);
            issues.Warn(at, $"service {remark.Message.TrimEnd('.')}");
        }
    }
}
