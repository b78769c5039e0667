"""One statement that enters a tenant as a program: reads whose key it is, then sets the scope in which it acts.

Not SECURITY DEFINER: row security binds the caller inside it as everywhere else. While the key is looked up nobody acts.
"""

from django.db import migrations

# Settings are set by expressions: the language works them out itself, where a PERFORM would start the executor.
FORWARD = """
CREATE FUNCTION jishi_enter_program(
    p_tenant bigint, p_key_hash text, p_at timestamptz,
    OUT id bigint, OUT roles varchar[], OUT body_ids bigint[], OUT area varchar, OUT entered_at timestamptz
) LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
DECLARE
    said text := set_config('jishi.tenant', p_tenant::text, true) || set_config('jishi.bodies', '{}', true)
              || set_config('jishi.account', '', true) || set_config('jishi.report', '', true);
BEGIN
    SELECT c.id, c.roles, c.body_ids, c.area INTO id, roles, body_ids, area
    FROM accounts_apiclient c
    WHERE c.tenant_id = p_tenant AND c.key_hash = p_key_hash
      AND c.active_from <= p_at AND (c.active_to IS NULL OR c.active_to > p_at);
    IF id IS NOT NULL THEN
        said := set_config('jishi.bodies', body_ids::text, true);
        entered_at := transaction_timestamp();
    END IF;
END $$;
"""

BACKWARD = "DROP FUNCTION jishi_enter_program(bigint, text, timestamptz);"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_own_devices")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
