{#-
    Settings of the session that the run is told by its environment (ALLUVIUM_SESSION_SETTINGS, a JSON object):
    what suits a server on one machine need not suit a cluster.
-#}
{% macro session_settings() -%}
    {%- if execute -%}
        {%- for name, value in fromjson(env_var('ALLUVIUM_SESSION_SETTINGS', '{}')).items() -%}
            {%- do run_query('set ' ~ name ~ ' = ' ~ value) -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
